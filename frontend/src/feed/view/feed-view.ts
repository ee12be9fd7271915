import { createSignal, onCleanup, onMount, untrack } from 'solid-js'
import type { FeedLocation, ScrollTarget } from '../../store/feed-location.ts'
import type { WindowListener } from '../../store/window-state.ts'
import {
  type FeedLayout,
  isPinned,
  offsetThatShows,
  rowsToRender,
  type ScrollPosition,
  scrollPositionAt,
} from '../feed-layout.ts'
import type { Density } from '../row-layout.ts'
import { createAnchoredUpdate } from './anchored-update.ts'
import { createEndScroll } from './end-scroll.ts'
import { createLayoutControls } from './layout-controls.ts'
import { createLayoutSource } from './layout-source.ts'
import { listenToPage } from './page-events.ts'
import { createRowVirtualizer } from './row-virtualizer.ts'
import { offsetOfTarget } from './scroll-anchor.ts'
import { createScrollVelocity } from './scroll-velocity.ts'
import { createViewTracker, type ViewTrackerDeps } from './view-tracker.ts'

/** The members of the generation store that the view uses. */
export type FeedViewStore = ViewTrackerDeps['store'] & {
  scrollTarget: () => ScrollTarget
  moveWindow: (location: FeedLocation) => Promise<void>
  subscribe: (listener: WindowListener) => () => void
  setTrimAnchor: (getKey: () => string | null) => void
}

export interface FeedViewOptions {
  store: FeedViewStore
  /** Keys of rows that stay rendered, wherever the page is scrolled to. */
  retainedKeys: () => string[]
  /** Whether the window may be trimmed now. */
  canTrim: () => boolean
  /** Height that the composer takes at the bottom of the page, in CSS pixels. */
  bottom: number
  /** Height that the header takes at the top of the page, in CSS pixels. */
  headerHeight: number
  density: Density
}

/**
 * Creates the view of the window's rows. The virtualizer selects the rows to render; their positions and the scroll offset are
 * computed, and nothing is measured. Every method that changes the layout ends in `update` (see `anchored-update.ts`), and must
 * not be called from a reactive computation.
 */
export function createFeedView({ store, retainedKeys, canTrim, ...initial }: FeedViewOptions) {
  const page = { pageWidth, viewportHeight, stableHeight, isCoarse }
  const source = createLayoutSource({ current: store.current, ...page, ...initial })
  const velocity = createScrollVelocity()
  const [feedLayout, setFeedLayout] = createSignal(source.compute())
  const { virtualizer, rowPositions } = createRowVirtualizer({
    feedLayout,
    initialOffset: () => offsetOfTarget(untrack(feedLayout), store.scrollTarget()),
    selectRows: range => rowsToRender(range, indexesOf(feedLayout(), retainedKeys()), velocity.direction()),
  })
  const scrollOffset = () => virtualizer.scrollOffset ?? window.scrollY
  const endScroll = createEndScroll({
    feedLayout,
    scrollOffset,
    moveToNewest: () => store.moveWindow('newest'),
    prefersReducedMotion: () => matchMedia('(prefers-reduced-motion: reduce)').matches,
  })
  const visibleRange = () => virtualizer.range
  const tracker = createViewTracker({ store, feedLayout, scrollOffset, visibleRange, isJumping: velocity.isJumping })
  const { update, isMoved, mountSizer } = createAnchoredUpdate({
    computeLayout: source.compute,
    feedLayout,
    setFeedLayout,
    scrollTarget: store.scrollTarget,
    setVirtualOffset: offset => {
      virtualizer.scrollOffset = offset
    },
    isSmoothScrolling: endScroll.isSmooth,
    onMove: () => velocity.beginJump(tracker.track),
    onUpdated: tracker.track,
  })
  const { onResize, ...controls } = createLayoutControls({ source, update })

  function onScroll() {
    velocity.track(scrollOffset())
    tracker.track()
  }

  /** Returns the scroll position; null at the end of the feed. */
  function currentPosition(): ScrollPosition | null {
    const [layout, offset] = [feedLayout(), scrollOffset()]
    return isPinned(layout, offset) ? null : (scrollPositionAt(layout, offset) ?? null)
  }

  /** Scrolls as little as possible to bring a row into view, between the header and the composer. */
  function showRow(key: string) {
    const to = offsetThatShows(feedLayout(), scrollOffset(), key)
    if (to !== undefined) window.scrollTo({ top: to })
  }

  onMount(() => {
    // A commit may be of the load state alone, of which nothing is laid out.
    const unsubscribe = store.subscribe((now, before) => (now === before && !isMoved() ? tracker.track() : update()))
    store.setTrimAnchor(() => (canTrim() ? (tracker.anchorKey() ?? null) : null))
    const removeListeners = listenToPage({ onResize, onScroll, onScrollInput: endScroll.stop })
    tracker.track()
    onCleanup(() => {
      unsubscribe()
      store.setTrimAnchor(() => null)
      velocity.stop()
      removeListeners()
    })
  })

  return {
    feedLayout,
    rowPositions,
    isFastScrolling: velocity.isFastScrolling,
    anchorKey: tracker.anchorKey,
    unseen: tracker.unseen,
    isAway: tracker.isAway,
    isAtEnd: () => isPinned(feedLayout(), scrollOffset()),
    ...controls,
    mountSizer,
    scrollToEnd: endScroll.scrollToEnd,
    currentPosition,
    showRow,
  }
}

const pageWidth = () => document.documentElement.clientWidth
const viewportHeight = () => innerHeight
const stableHeight = () => document.documentElement.clientHeight
const isCoarse = () => matchMedia('(pointer: coarse)').matches

function indexesOf(layout: FeedLayout, keys: readonly string[]): number[] {
  return keys.flatMap(key => layout.indexOf.get(key) ?? [])
}
