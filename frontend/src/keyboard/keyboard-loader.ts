import { onCleanup, onMount } from 'solid-js'
import { createLoadOnce } from '../ui/load-once.ts'
import { createIdlePreload } from '../ui/preload.ts'
import type { FeedKeyboard, FeedKeyboardOptions } from './create-feed-keyboard.ts'
import { isPrevented, isPrompt, isQueued } from './early-key.ts'

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
    if (keyboard) return keyboard.onKeyDown(event)
    if (event.defaultPrevented || options.isCovered() || !isQueued(event)) return void code.preload()
    if (isPrevented(event)) event.preventDefault()
    if (event.key === '/' && event.defaultPrevented) return openSearch()
    // What is pressed after that is not meant for the prompt.
    if (event.key === 'Escape' && isPrompt(event.target)) event.target.blur()
    void code.request().then(
      loaded => loaded.onKeyDown(event, false),
      () => undefined,
    )
  }

  /** Gives the search its focus at once: what is pressed after that is meant for it. */
  function openSearch() {
    options.focusSearch()
    void code.preload()
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
