import { onCleanup } from 'solid-js'
import type { ScrollPosition } from '../feed/feed-layout.ts'

/** The feed's view, as far as the page outside of it uses it. */
export interface FeedControl {
  /** Returns the scroll position; null at the end of the feed. */
  currentPosition: () => ScrollPosition | null
  /** Returns the key of the row being read. */
  anchorKey: () => string | undefined
  /** Scrolls as little as possible to bring a row into view. */
  showRow: (key: string) => void
}

/** Creates the access to the feed that is in the page: none while there are no rows. */
export function createFeedControl() {
  let mounted: FeedControl | undefined

  /** Gives access to a feed until its component is removed. */
  function mountFeed(control: FeedControl) {
    mounted = control
    onCleanup(() => {
      if (mounted === control) mounted = undefined
    })
  }

  return {
    mountFeed,
    currentPosition: () => mounted?.currentPosition() ?? null,
    anchorKey: () => mounted?.anchorKey(),
    showRow: (key: string) => mounted?.showRow(key),
  }
}
