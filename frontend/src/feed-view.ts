import { createWindowVirtualizer } from '@tanstack/solid-virtual'
import { type Accessor, batch, createMemo, createSignal, onCleanup, onMount } from 'solid-js'
import {
  type Frame,
  frameOf,
  growsUpwards,
  isPinned,
  leftBelow,
  offsetOf,
  PINNED_WITHIN,
  readingPoint,
  rowsToKeep,
} from './frame.ts'
import { geometryFor, ROW_GAP } from './layout.ts'
import type { Library } from './library.ts'
import { createNewcomers } from './newcomers.ts'
import { createPageScroll } from './page-scroll.ts'
import { createRowLayouts } from './row-layouts.ts'

export interface Place {
  key: string
  index: number
  start: number
}

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
/** A longer way than so many windows is not travelled but jumped. */
const TRAVELLED = 3

/**
 * The feed's window on its rows. Everything that may move something (rows that come, grow or go, another width, another
 * composer) passes through `update`, which is never called from within a reactive computation: heights, scroll offset and
 * rows are then changed in one task, and nothing is painted between.
 */
export function createFeedView({ library, held, bottom: firstBottom }: FeedViewOptions) {
  const layouts = createRowLayouts()
  const newcomers = createNewcomers()
  const sizes = new Map<string, number>()
  let geometry = geometryFor(document.documentElement.clientWidth)
  let bottom = firstBottom
  let sizer: HTMLElement | undefined
  // Before the rows are in the page there is nothing that could be scrolled.
  let isMounted = false
  onMount(() => {
    isMounted = true
  })

  const [frame, setFrame] = createSignal(read())
  const virtualizer = createWindowVirtualizer<HTMLElement>({
    ...createPageScroll(),
    get count() {
      return frame().rows.length
    },
    get paddingStart() {
      return frame().top
    },
    get paddingEnd() {
      return frame().bottom
    },
    estimateSize: index => heightOf(frame(), index),
    getItemKey: index => frame().rows[index]?.key ?? index,
    gap: ROW_GAP,
    overscan: OVERSCAN,
    anchorTo: 'end',
    scrollEndThreshold: PINNED_WITHIN,
    getScrollElement: () => (isMounted ? window : null),
    initialOffset: () => Math.max(0, leftBelow(frame(), 0)),
    initialRect: { width: innerWidth, height: innerHeight },
    rangeExtractor: range => rowsToKeep(range, heldIndexes()),
  })
  virtualizer.shouldAdjustScrollPositionOnItemSizeChange = ({ start, end }) =>
    growsUpwards(start, end, offset(), frame().viewport)

  const places: Accessor<Place[]> = createMemo(() =>
    virtualizer.getVirtualItems().map(({ key, index, start }) => ({ key: String(key), index, start })),
  )

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
    if (point) virtualizer.measure()
    resizeChanged(next, point === undefined)
    if (wasPinned) virtualizer.scrollToEnd()
    if (point && !wasPinned) virtualizer.scrollToOffset(offsetOf(next, point))
    look()
  }

  /** Tells the virtualizer of rows that have another height than it knows; after another width it knows all of them anew. */
  function resizeChanged(next: Frame, tell: boolean) {
    batch(() => {
      for (const [index, row] of next.rows.entries()) {
        const height = heightOf(next, index)
        const before = sizes.get(row.key) ?? height
        sizes.set(row.key, height)
        if (tell && before !== height) virtualizer.resizeItem(index, height)
      }
    })
  }

  function sizeTo(next: Frame) {
    sizer?.style.setProperty('height', `${next.total}px`)
  }

  /** What is in view is seen; what is older is read before the reader gets there. */
  function look() {
    newcomers.look(frame(), offset())
    const first = virtualizer.range?.startIndex ?? ROWS_AHEAD
    if (first < ROWS_AHEAD && library.reading().older === 'idle') void library.readOlder()
  }

  function heldIndexes(): number[] {
    return held().flatMap(key => frame().indexOf.get(key) ?? [])
  }

  function offset(): number {
    return virtualizer.scrollOffset ?? window.scrollY
  }

  function onResize() {
    const next = geometryFor(document.documentElement.clientWidth)
    if (next.content !== geometry.content) geometry = next
    update()
  }

  /** Makes room for the composer at the bottom of the page, in CSS pixels. */
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

  /** Goes to the newest row. */
  function toEnd() {
    const isFar = leftBelow(frame(), offset()) > TRAVELLED * frame().viewport
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches
    virtualizer.scrollToEnd({ behavior: isFar || isStill ? 'auto' : 'smooth' })
  }

  /** Takes the element that is as high as all rows together. */
  function mountSizer(element: HTMLElement) {
    sizer = element
    sizeTo(frame())
  }

  onMount(() => {
    const stop = library.subscribe(update)
    window.addEventListener('resize', onResize)
    window.addEventListener('scroll', look, { passive: true })
    resizeChanged(frame(), false)
    look()
    onCleanup(() => {
      stop()
      window.removeEventListener('resize', onResize)
      window.removeEventListener('scroll', look)
    })
  })

  const { unseen, isAway } = newcomers
  return { frame, places, unseen, isAway, mountSizer, setBottom, openPrompt, isPromptOpen: layouts.isOpen, toEnd }
}

function heightOf(frame: Frame, index: number): number {
  return frame.layouts[index]?.height ?? 0
}
