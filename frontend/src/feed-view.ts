import { createWindowVirtualizer, observeWindowOffset, type Virtualizer } from '@tanstack/solid-virtual'
import { type Accessor, batch, createMemo, createSignal, onCleanup, onMount } from 'solid-js'
import {
  countNew,
  type Frame,
  frameOf,
  growsUpwards,
  HEADER,
  isNewestInView,
  isPinned,
  leftBelow,
  offsetOf,
  PINNED_WITHIN,
  readingPoint,
  rowsToKeep,
} from './frame.ts'
import { geometryFor, ROW_GAP } from './layout.ts'
import type { Library } from './library.ts'
import { createRowLayouts } from './row-layouts.ts'

export interface Place {
  key: string
  index: number
  start: number
}

type WindowVirtualizer = Virtualizer<Window, HTMLElement>

export interface FeedViewOptions {
  library: Library
  /** Keys of rows that must stay in the page, wherever the reader is. */
  held: () => string[]
  /** Room that the composer takes at the bottom of the page, in CSS pixels. */
  bottom: number
}

export type FeedView = ReturnType<typeof createFeedView>

const OVERSCAN = 3
/** Older rows are read when fewer than this many are left above the view. */
const ROWS_AHEAD = 16

/**
 * The feed's window on its rows. Everything that may move something (rows that come, grow or go, another width, another
 * composer) passes through `update`, which is never called from within a reactive computation: heights, scroll offset and
 * rows are then changed in one task, and nothing is painted between.
 */
export function createFeedView({ library, held, bottom: firstBottom }: FeedViewOptions) {
  const layouts = createRowLayouts()
  const sizes = new Map<string, number>()
  let geometry = geometryFor(document.documentElement.clientWidth)
  let bottom = firstBottom
  let sizer: HTMLElement | undefined
  let report: ((offset: number, isScrolling: boolean) => void) | undefined
  let lastSeen: string | undefined
  const [frame, setFrame] = createSignal(read())
  const [unseen, setUnseen] = createSignal(0)
  const [isAway, setAway] = createSignal(false)

  // Before the rows are in the page there is nothing that could be scrolled.
  let isMounted = false
  onMount(() => {
    isMounted = true
  })

  const virtualizer: WindowVirtualizer = createWindowVirtualizer<HTMLElement>({
    get count() {
      return frame().rows.length
    },
    get paddingStart() {
      return frame().top
    },
    get paddingEnd() {
      return frame().bottom
    },
    estimateSize: index => frame().layouts[index]?.height ?? 0,
    getItemKey: index => frame().rows[index]?.key ?? index,
    gap: ROW_GAP,
    overscan: OVERSCAN,
    anchorTo: 'end',
    scrollEndThreshold: PINNED_WITHIN,
    getScrollElement: () => (isMounted ? window : null),
    initialOffset: () => Math.max(0, frame().total - innerHeight),
    initialRect: { width: innerWidth, height: innerHeight },
    rangeExtractor: range => rowsToKeep(range, heldIndexes()),
    observeElementOffset: observeOffset,
    scrollToFn: scrollPage,
  })
  virtualizer.shouldAdjustScrollPositionOnItemSizeChange = item =>
    growsUpwards(item.start, item.end, offset(), frame().viewport)

  /** Scrolls, and says so at once: the scroll event comes a frame later, and that frame would show the rows of before. */
  function scrollPage(to: number, { adjustments = 0, behavior }: { adjustments?: number; behavior?: ScrollBehavior }) {
    window.scrollTo({ top: to + adjustments, ...(behavior && { behavior }) })
    if (behavior !== 'smooth') report?.(window.scrollY, false)
  }

  function observeOffset(instance: WindowVirtualizer, tell: (offset: number, isScrolling: boolean) => void) {
    report = tell
    return observeWindowOffset(instance, tell)
  }

  function read(): Frame {
    const { rows } = library.now()
    const laidOut = rows.map(row => layouts.layoutOf(row, geometry))
    return frameOf({ rows, layouts: laidOut, geometry, viewport: innerHeight, bottom })
  }

  function update() {
    const before = frame()
    const wasPinned = isPinned(before, offset())
    const point = before.geometry === geometry ? undefined : readingPoint(before, offset())
    const next = read()
    sizeTo(next)
    setFrame(next)
    if (point) layOutAnew(next)
    if (!point) resizeChanged(next)
    if (wasPinned) virtualizer.scrollToEnd()
    if (point && !wasPinned) virtualizer.scrollToOffset(offsetOf(next, point))
    look()
  }

  function layOutAnew(next: Frame) {
    virtualizer.measure()
    remember(next)
  }

  function remember(next: Frame) {
    for (const [index, row] of next.rows.entries()) sizes.set(row.key, next.layouts[index]?.height ?? 0)
  }

  function resizeChanged(next: Frame) {
    batch(() => {
      for (const [index, row] of next.rows.entries()) {
        const height = next.layouts[index]?.height ?? 0
        const before = sizes.get(row.key)
        sizes.set(row.key, height)
        if (before !== undefined && before !== height) virtualizer.resizeItem(index, height)
      }
    })
  }

  function sizeTo(next: Frame) {
    sizer?.style.setProperty('height', `${next.total}px`)
  }

  /** Looks at what is in view: what is new is seen then, and what is older is read before the reader gets there. */
  function look() {
    const now = frame()
    const inView = isNewestInView(now, offset())
    if (inView) lastSeen = now.rows.at(-1)?.key
    setUnseen(inView ? 0 : countNew(now, lastSeen))
    setAway(!inView && leftBelow(now, offset()) > 2 * now.viewport)
    const first = virtualizer.range?.startIndex ?? now.rows.length
    if (first < ROWS_AHEAD && library.reading().older === 'idle') void library.readOlder()
  }

  function heldIndexes(): number[] {
    return held().flatMap(key => frame().indexOf.get(key) ?? [])
  }

  function offset(): number {
    return virtualizer.scrollOffset ?? window.scrollY
  }

  function onResize() {
    const width = document.documentElement.clientWidth
    const next = geometryFor(width)
    if (next.content !== geometry.content) geometry = next
    update()
  }

  function setBottom(pixels: number) {
    if (pixels === bottom) return
    bottom = pixels
    update()
  }

  /** Shows a row's whole prompt, which is so many pixels high, or with null its beginning. */
  function openPrompt(key: string, height: number | null) {
    layouts.open(key, height)
    update()
  }

  function toEnd() {
    const far = leftBelow(frame(), offset()) > 3 * frame().viewport
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches
    virtualizer.scrollToEnd({ behavior: far || still ? 'auto' : 'smooth' })
  }

  function mountSizer(element: HTMLElement) {
    sizer = element
    sizeTo(frame())
  }

  onMount(() => {
    const stop = library.subscribe(update)
    window.addEventListener('resize', onResize)
    window.addEventListener('scroll', look, { passive: true })
    remember(frame())
    look()
    onCleanup(() => {
      stop()
      window.removeEventListener('resize', onResize)
      window.removeEventListener('scroll', look)
    })
  })

  const places: Accessor<Place[]> = createMemo(() =>
    virtualizer.getVirtualItems().map(({ key, index, start }) => ({ key: String(key), index, start })),
  )

  return {
    frame,
    places,
    unseen,
    isAway,
    mountSizer,
    setBottom,
    openPrompt,
    isPromptOpen: layouts.isOpen,
    toEnd,
    headerHeight: HEADER,
  }
}
