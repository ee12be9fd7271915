import { createSignal, onCleanup, onMount, untrack } from 'solid-js'
import type { GenerationStore } from '../../store/generation-store.ts'
import {
  anchoredOffset,
  computeFeedLayout,
  distanceToEnd,
  type FeedLayout,
  findAnchorIndex,
  isPinned,
  maxScrollOffset,
  rowsToRender,
  type ScrollPosition,
  scrollOffsetOf,
  scrollPositionAt,
} from '../feed-layout.ts'
import { computeGeometry, type Density, ROW_GAP } from '../row-layout.ts'
import { createRowLayoutCache } from '../row-layout-cache.ts'
import { createPageScroll } from './page-scroll.ts'
import { createRowVirtualizer } from './row-virtualizer.ts'
import { createScrollVelocity } from './scroll-velocity.ts'
import { createUnseenCount } from './unseen-count.ts'

export interface FeedViewOptions {
  store: GenerationStore
  /** Keys of rows that must stay in the page, wherever the reader is. */
  retainedKeys: () => string[]
  /** Whether the window on all rows may be cut now. */
  canTrim: () => boolean
  /** Room that the composer takes at the bottom of the page, in CSS pixels. */
  bottom: number
  density: Density
}

export type FeedView = ReturnType<typeof createFeedView>

/** More rows are read when fewer than this many are left on a side of the view. */
const PREFETCH_ROWS = 60
/** A longer way than so many windows is not travelled but jumped. */
const MAX_SMOOTH_SCREENS = 3

/**
 * The view of the window's rows. Everything that may move something (rows that come, grow or go, another width, another
 * composer, another place) passes through `update`, which is never called from within a reactive computation: scroll offset and
 * rows are then changed in one task, and nothing is painted between. The virtualizer tells which rows are in view; where they
 * are and where the view stays is computed here, and nothing is measured.
 */
export function createFeedView({ store, retainedKeys, canTrim, ...first }: FeedViewOptions) {
  const layouts = createRowLayoutCache()
  const unseenCount = createUnseenCount(store.current())
  const velocity = createScrollVelocity()
  let { bottom, density } = first
  let geometry = computeGeometry(document.documentElement.clientWidth, density)
  let lastTarget = store.scrollTarget()
  let sizer: HTMLElement | undefined
  let isSmoothScrolling = false
  // Before the rows are in the page there is nothing that could be scrolled.
  let isMounted = false
  onMount(() => {
    isMounted = true
  })

  const [feedLayout, setFeedLayout] = createSignal(computeLayout())
  const [anchorKey, setAnchorKey] = createSignal<string>()
  const pageScroll = createPageScroll()
  const { virtualizer, places: rowPositions } = createRowVirtualizer(() => {
    const { rows, layouts, top, bottom } = feedLayout()
    return {
      ...pageScroll,
      count: rows.length,
      paddingStart: top,
      paddingEnd: bottom,
      estimateSize: index => layouts[index]?.height ?? 0,
      getItemKey: index => rows[index]?.key ?? index,
      gap: ROW_GAP,
      getScrollElement: () => (isMounted ? window : null),
      initialOffset: () => resolveScrollTarget(untrack(feedLayout)),
      initialRect: { width: innerWidth, height: innerHeight },
      rangeExtractor: range => rowsToRender(range, retainedIndexes(), velocity.direction()),
    }
  })

  function computeLayout(): FeedLayout {
    const { rows, byKey, newer } = store.current()
    const laidOut = rows.map(row => layouts.layoutOf(row, geometry))
    layouts.forget(byKey)
    return computeFeedLayout({
      rows,
      layouts: laidOut,
      geometry,
      viewport: innerHeight,
      bottom,
      isNewest: newer === 'end',
    })
  }

  function resolveScrollTarget(next: FeedLayout): number {
    const { key, share = 0 } = store.scrollTarget()
    return (key === null ? undefined : scrollOffsetOf(next, { key, share })) ?? maxScrollOffset(next)
  }

  /** @param anchorKey a row that is to stay where it is, instead of the one that is being read */
  function update(anchorKey?: string) {
    const before = feedLayout()
    const offset = window.scrollY
    const next = computeLayout()
    const target = computeTargetOffset(before, next, offset, anchorKey)
    applyHeight(next)
    virtualizer.scrollOffset = target
    setFeedLayout(next)
    if (isSmoothScrolling) window.scrollTo({ top: maxScrollOffset(next), behavior: 'smooth' })
    else if (target !== window.scrollY) window.scrollTo({ top: target })
    syncInView()
  }

  /** Where the view is to be after a change: at a place it was moved to, still at the end, or still at the same row. */
  function computeTargetOffset(before: FeedLayout, next: FeedLayout, offset: number, anchorKey?: string): number {
    const scrollTarget = store.scrollTarget()
    if (scrollTarget !== lastTarget) {
      lastTarget = scrollTarget
      return resolveScrollTarget(next)
    }
    if (isPinned(before, offset) && next.isNewest && anchorKey === undefined) return maxScrollOffset(next)
    const position = before.geometry === next.geometry ? undefined : scrollPositionAt(before, offset)
    return (position && scrollOffsetOf(next, position)) ?? anchoredOffset(before, next, offset, anchorKey)
  }

  function applyHeight(next: FeedLayout) {
    sizer?.style.setProperty('height', `${next.total}px`)
  }

  /** What is in view is seen; what lies beyond the window is read before the reader gets there. */
  function syncInView() {
    const now = feedLayout()
    unseenCount.look(store.current(), now, offset())
    setAnchorKey(now.rows[findAnchorIndex(now, offset())]?.key)
    const { startIndex = PREFETCH_ROWS, endIndex = startIndex } = virtualizer.range ?? {}
    const loadState = store.loadState()
    if (startIndex < PREFETCH_ROWS && loadState.older === 'idle') void store.readOlder()
    if (endIndex >= now.rows.length - PREFETCH_ROWS && loadState.newer === 'idle') void store.readNewer()
  }

  function onScroll() {
    velocity.moved(offset())
    syncInView()
  }

  function retainedIndexes(): number[] {
    return retainedKeys().flatMap(key => feedLayout().indexOf.get(key) ?? [])
  }

  function offset(): number {
    return virtualizer.scrollOffset ?? window.scrollY
  }

  function onResize() {
    const next = computeGeometry(document.documentElement.clientWidth, density)
    if (next.contentWidth !== geometry.contentWidth || next.maxMediaHeight !== geometry.maxMediaHeight) geometry = next
    update()
  }

  /** Draws pictures larger or smaller. The reader stays at the same place of the same row. */
  function setDensity(wanted: Density) {
    density = wanted
    onResize()
  }

  /** Makes room for the composer at the bottom of the page, in CSS pixels. */
  function setBottom(pixels: number) {
    if (pixels === bottom) return
    bottom = pixels
    update()
  }

  /** Shows a row's whole prompt, which is so many pixels high, or with null its beginning. The row's top stays where it is. */
  function setPromptHeight(key: string, height: number | null) {
    layouts.open(key, height)
    update(key)
  }

  /** Goes to the newest row. */
  function scrollToEnd() {
    if (!feedLayout().isNewest) return void store.moveWindow('newest').catch(() => {})
    const isFar = distanceToEnd(feedLayout(), offset()) > MAX_SMOOTH_SCREENS * feedLayout().viewport
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches
    isSmoothScrolling = !isFar && !isStill
    window.scrollTo({ top: maxScrollOffset(feedLayout()), behavior: isSmoothScrolling ? 'smooth' : 'instant' })
  }

  /** Where the reader is; null at the end of the feed. */
  function currentPosition(): ScrollPosition | null {
    return isPinned(feedLayout(), offset()) ? null : (scrollPositionAt(feedLayout(), offset()) ?? null)
  }

  /** Takes the element that is as high as all rows together. */
  function mountSizer(element: HTMLElement) {
    sizer = element
    applyHeight(feedLayout())
  }

  function stopSmoothScroll() {
    isSmoothScrolling = false
  }

  onMount(() => {
    const stop = store.subscribe(() => update())
    store.setReader(() => (canTrim() ? (anchorKey() ?? null) : null))
    const listeners: [string, () => void][] = [
      ['resize', onResize],
      ['scroll', onScroll],
      ...['scrollend', 'wheel', 'touchstart', 'keydown'].map((type): [string, () => void] => [type, stopSmoothScroll]),
    ]
    for (const [type, listener] of listeners) window.addEventListener(type, listener, { passive: true })
    // Because of this one the browser asks before it turns the page, and so does not run ahead of the rows into blank ground.
    window.addEventListener('wheel', blockAsyncScroll, { passive: false })
    syncInView()
    onCleanup(() => {
      stop()
      store.setReader(() => null)
      velocity.stop()
      for (const [type, listener] of listeners) window.removeEventListener(type, listener)
      window.removeEventListener('wheel', blockAsyncScroll)
    })
  })

  return {
    ...{
      frame: feedLayout,
      places: rowPositions,
      readingKey: anchorKey,
      mountSizer,
      setBottom,
      setDensity,
      openPrompt: setPromptHeight,
      toEnd: scrollToEnd,
      readerAt: currentPosition,
    },
    isFastScrolling: velocity.isFast,
    unseen: unseenCount.unseen,
    isAway: unseenCount.isAway,
    isPromptOpen: layouts.isPromptOpen,
  }
}

function blockAsyncScroll() {}
