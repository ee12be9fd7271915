import { createSignal, onCleanup, onMount, untrack } from 'solid-js'
import type { Library } from '../store/generation-store.ts'
import {
  anchoredOffset,
  anchorOf,
  endOf,
  type Frame,
  frameOf,
  isPinned,
  leftBelow,
  offsetOf,
  type ReadingPoint,
  readingPoint,
  rowsToKeep,
} from './feed-layout.ts'
import { createPageScroll } from './page-scroll.ts'
import { type Density, geometryFor, ROW_GAP } from './row-layout.ts'
import { createRowLayouts } from './row-layout-cache.ts'
import { createRowVirtualizer } from './row-virtualizer.ts'
import { createPace } from './scroll-velocity.ts'
import { createNewcomers } from './unseen-count.ts'

export interface FeedViewOptions {
  library: Library
  /** Keys of rows that must stay in the page, wherever the reader is. */
  held: () => string[]
  /** Whether the window on all rows may be cut now. */
  mayCut: () => boolean
  /** Room that the composer takes at the bottom of the page, in CSS pixels. */
  bottom: number
  density: Density
}

export type FeedView = ReturnType<typeof createFeedView>

/** More rows are read when fewer than this many are left on a side of the view. */
const ROWS_AHEAD = 60
/** A longer way than so many windows is not travelled but jumped. */
const TRAVELLED = 3

/**
 * The view of the window's rows. Everything that may move something (rows that come, grow or go, another width, another
 * composer, another place) passes through `update`, which is never called from within a reactive computation: scroll offset and
 * rows are then changed in one task, and nothing is painted between. The virtualizer tells which rows are in view; where they
 * are and where the view stays is computed here, and nothing is measured.
 */
export function createFeedView({ library, held, mayCut, ...first }: FeedViewOptions) {
  const layouts = createRowLayouts()
  const newcomers = createNewcomers(library.now())
  const pace = createPace()
  let { bottom, density } = first
  let geometry = geometryFor(document.documentElement.clientWidth, density)
  let landed = library.landing()
  let sizer: HTMLElement | undefined
  let isGliding = false
  // Before the rows are in the page there is nothing that could be scrolled.
  let isMounted = false
  onMount(() => {
    isMounted = true
  })

  const [frame, setFrame] = createSignal(read())
  const [readingKey, setReadingKey] = createSignal<string>()
  const pageScroll = createPageScroll()
  const { virtualizer, places } = createRowVirtualizer(() => {
    const { rows, layouts, top, bottom } = frame()
    return {
      ...pageScroll,
      count: rows.length,
      paddingStart: top,
      paddingEnd: bottom,
      estimateSize: index => layouts[index]?.height ?? 0,
      getItemKey: index => rows[index]?.key ?? index,
      gap: ROW_GAP,
      getScrollElement: () => (isMounted ? window : null),
      initialOffset: () => landingIn(untrack(frame)),
      initialRect: { width: innerWidth, height: innerHeight },
      rangeExtractor: range => rowsToKeep(range, heldIndexes(), pace.heading()),
    }
  })

  function read(): Frame {
    const { rows, byKey, newer } = library.now()
    const laidOut = rows.map(row => layouts.layoutOf(row, geometry))
    layouts.forget(byKey)
    return frameOf({ rows, layouts: laidOut, geometry, viewport: innerHeight, bottom, isNewest: newer === 'end' })
  }

  function landingIn(next: Frame): number {
    const { key, share = 0 } = library.landing()
    return (key === null ? undefined : offsetOf(next, { key, share })) ?? endOf(next)
  }

  /** @param kept a row that is to stay where it is, instead of the one that is being read */
  function update(kept?: string) {
    const before = frame()
    const offset = window.scrollY
    const next = read()
    const target = targetIn(before, next, offset, kept)
    sizeTo(next)
    virtualizer.scrollOffset = target
    setFrame(next)
    if (isGliding) window.scrollTo({ top: endOf(next), behavior: 'smooth' })
    else if (target !== window.scrollY) window.scrollTo({ top: target })
    look()
  }

  /** Where the view is to be after a change: at a place it was moved to, still at the end, or still at the same row. */
  function targetIn(before: Frame, next: Frame, offset: number, kept?: string): number {
    const landing = library.landing()
    if (landing !== landed) {
      landed = landing
      return landingIn(next)
    }
    if (isPinned(before, offset) && next.isNewest && kept === undefined) return endOf(next)
    const point = before.geometry === next.geometry ? undefined : readingPoint(before, offset)
    return (point && offsetOf(next, point)) ?? anchoredOffset(before, next, offset, kept)
  }

  function sizeTo(next: Frame) {
    sizer?.style.setProperty('height', `${next.total}px`)
  }

  /** What is in view is seen; what lies beyond the window is read before the reader gets there. */
  function look() {
    const now = frame()
    newcomers.look(library.now(), now, offset())
    setReadingKey(now.rows[anchorOf(now, offset())]?.key)
    const { startIndex = ROWS_AHEAD, endIndex = startIndex } = virtualizer.range ?? {}
    const reading = library.reading()
    if (startIndex < ROWS_AHEAD && reading.older === 'idle') void library.readOlder()
    if (endIndex >= now.rows.length - ROWS_AHEAD && reading.newer === 'idle') void library.readNewer()
  }

  function onScroll() {
    pace.moved(offset())
    look()
  }

  function heldIndexes(): number[] {
    return held().flatMap(key => frame().indexOf.get(key) ?? [])
  }

  function offset(): number {
    return virtualizer.scrollOffset ?? window.scrollY
  }

  function onResize() {
    const next = geometryFor(document.documentElement.clientWidth, density)
    if (next.content !== geometry.content || next.tallest !== geometry.tallest) geometry = next
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
  function openPrompt(key: string, height: number | null) {
    layouts.open(key, height)
    update(key)
  }

  /** Goes to the newest row. */
  function toEnd() {
    if (!frame().isNewest) return void library.moveWindow('newest').catch(() => {})
    const isFar = leftBelow(frame(), offset()) > TRAVELLED * frame().viewport
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches
    isGliding = !isFar && !isStill
    window.scrollTo({ top: endOf(frame()), behavior: isGliding ? 'smooth' : 'instant' })
  }

  /** Where the reader is; null at the end of the feed. */
  function readerAt(): ReadingPoint | null {
    return isPinned(frame(), offset()) ? null : (readingPoint(frame(), offset()) ?? null)
  }

  /** Takes the element that is as high as all rows together. */
  function mountSizer(element: HTMLElement) {
    sizer = element
    sizeTo(frame())
  }

  function stopGliding() {
    isGliding = false
  }

  onMount(() => {
    const stop = library.subscribe(() => update())
    library.setReader(() => (mayCut() ? (readingKey() ?? null) : null))
    const listeners: [string, () => void][] = [
      ['resize', onResize],
      ['scroll', onScroll],
      ...['scrollend', 'wheel', 'touchstart', 'keydown'].map((type): [string, () => void] => [type, stopGliding]),
    ]
    for (const [type, listener] of listeners) window.addEventListener(type, listener, { passive: true })
    // Because of this one the browser asks before it turns the page, and so does not run ahead of the rows into blank ground.
    window.addEventListener('wheel', keepPace, { passive: false })
    look()
    onCleanup(() => {
      stop()
      library.setReader(() => null)
      pace.end()
      for (const [type, listener] of listeners) window.removeEventListener(type, listener)
      window.removeEventListener('wheel', keepPace)
    })
  })

  return {
    ...{ frame, places, readingKey, mountSizer, setBottom, setDensity, openPrompt, toEnd, readerAt },
    isFast: pace.isFast,
    unseen: newcomers.unseen,
    isAway: newcomers.isAway,
    isPromptOpen: layouts.isOpen,
  }
}

function keepPace() {}
