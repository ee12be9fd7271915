import type { Accessor } from 'solid-js'
import { distanceToEnd, type FeedLayout, maxScrollOffset } from '../feed-layout.ts'

export interface EndScrollDeps {
  feedLayout: Accessor<FeedLayout>
  scrollOffset: () => number
  /** Moves the window to the newest generations. */
  moveToNewest: () => Promise<void>
  prefersReducedMotion: () => boolean
}

/** A distance of more screens than this is jumped, not scrolled. */
const MAX_SMOOTH_SCREENS = 3

/** Creates the scroll to the newest row. */
export function createEndScroll({ feedLayout, scrollOffset, moveToNewest, prefersReducedMotion }: EndScrollDeps) {
  let isSmooth = false

  function scrollToEnd() {
    const layout = feedLayout()
    if (!layout.isNewest) return void moveToNewest().catch(() => {})
    isSmooth = isNearEnd(layout, scrollOffset()) && !prefersReducedMotion()
    window.scrollTo({ top: maxScrollOffset(layout), behavior: isSmooth ? 'smooth' : 'instant' })
  }

  /** Ends the smooth scroll: it has arrived, or the user scrolls elsewhere. */
  function stop() {
    isSmooth = false
  }

  return { scrollToEnd, stop, isSmooth: () => isSmooth }
}

/** Returns whether the end of the feed is near enough to scroll there smoothly. */
export function isNearEnd(layout: FeedLayout, offset: number): boolean {
  return distanceToEnd(layout, offset) <= MAX_SMOOTH_SCREENS * layout.viewport
}
