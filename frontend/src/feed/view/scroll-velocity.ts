import { createSignal } from 'solid-js'
import type { ScrollDirection } from '../feed-layout.ts'

/** Farther than this from one scroll event to the next nobody reads, in CSS pixels. */
const FAST_SCROLL_PX = 240
const IDLE_MS = 160

/** Tells where the reader is heading, and whether they are flying past rather than reading. */
export function createScrollVelocity() {
  const [isFastScrolling, setFastScrolling] = createSignal(false)
  let direction: ScrollDirection = null
  let last: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Notes where the reader has come to. */
  function track(offset: number) {
    const delta = offset - (last ?? offset)
    last = offset
    if (delta === 0) return
    direction = delta < 0 ? 'backward' : 'forward'
    if (Math.abs(delta) > FAST_SCROLL_PX) setFastScrolling(true)
    clearTimeout(timer)
    timer = setTimeout(reset, IDLE_MS)
  }

  function reset() {
    direction = null
    setFastScrolling(false)
  }

  return { isFast: isFastScrolling, direction: () => direction, moved: track, stop: () => clearTimeout(timer) }
}
