import { createFeedKeys, type FeedKeysOptions } from './feed-keys.ts'
import { createKeyboard } from './keyboard.ts'
import { createRowFocus, type RowFocusOptions } from './row-focus.ts'

export interface FeedKeyboardOptions extends Omit<FeedKeysOptions, 'rowFocus'>, RowFocusOptions {
  /** Whether something is open over the feed. */
  isCovered: () => boolean
}

export type FeedKeyboard = ReturnType<typeof createFeedKeyboard>

/** Creates the keys of the feed. */
export function createFeedKeyboard({ isCovered, ...options }: FeedKeyboardOptions) {
  const rowFocus = createRowFocus(options)
  return {
    onKeyDown: createKeyboard({ isCovered, run: createFeedKeys({ ...options, rowFocus }) }),
    /** Focuses the row being read, if what had the focus was removed. */
    focusFeed: () =>
      queueMicrotask(() => {
        if (document.activeElement === document.body) void rowFocus.focusRow(options.feedControl.anchorKey())
      }),
  }
}
