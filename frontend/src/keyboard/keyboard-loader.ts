import { onCleanup, onMount } from 'solid-js'
import { createLoadOnce } from '../ui/load-once.ts'
import { createIdlePreload } from '../ui/preload.ts'
import type { FeedKeyboard, FeedKeyboardOptions } from './create-feed-keyboard.ts'

/**
 * Creates the keys of the feed. Their code is loaded when the page is idle, or with the first key; keys that are pressed before it is
 * there act as soon as it is.
 *
 * @returns focuses the row being read, if what had the focus was removed
 */
export function createKeyboardLoader(options: FeedKeyboardOptions): () => void {
  const code = createLoadOnce<FeedKeyboard>(async () => {
    const { createFeedKeyboard } = await import('./create-feed-keyboard.ts')
    return createFeedKeyboard(options)
  })

  function onKeyDown(event: KeyboardEvent) {
    const keyboard = code.current()
    if (keyboard) keyboard.onKeyDown(event)
    else if (isPress(event)) void code.preload()
    else
      void code.request().then(
        loaded => loaded.onKeyDown(event),
        () => undefined,
      )
  }

  createIdlePreload([code])
  onMount(() => {
    document.addEventListener('keydown', onKeyDown)
    onCleanup(() => document.removeEventListener('keydown', onKeyDown))
  })
  return () =>
    void code.request().then(
      loaded => loaded.focusFeed(),
      () => undefined,
    )
}

/** Returns whether a key presses what has the focus, which the browser does by itself. */
function isPress({ key }: KeyboardEvent): boolean {
  return key === 'Enter' || key === ' '
}
