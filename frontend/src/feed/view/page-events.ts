export interface PageEventHandlers {
  onScroll: () => void
  onResize: () => void
  /** Called when a scroll has ended, or the user may begin one. */
  onScrollInput: () => void
}

const SCROLL_INPUTS = ['scrollend', 'wheel', 'touchstart', 'keydown']

/**
 * Adds the feed's listeners to the page.
 *
 * @returns a function that removes them
 */
export function listenToPage({ onScroll, onResize, onScrollInput }: PageEventHandlers): () => void {
  const removed = new AbortController()
  const passive = { passive: true, signal: removed.signal }
  window.addEventListener('resize', onResize, passive)
  window.addEventListener('scroll', onScroll, passive)
  // The layout depends on it: a tablet may get a mouse.
  matchMedia('(pointer: coarse)').addEventListener('change', onResize, passive)
  for (const type of SCROLL_INPUTS) window.addEventListener(type, onScrollInput, passive)
  // With a listener that is not passive, the browser waits for the page before it scrolls, and so does not show an area without rows.
  window.addEventListener('wheel', blockAsyncScroll, { passive: false, signal: removed.signal })
  return () => removed.abort()
}

function blockAsyncScroll() {}
