import { createSignal } from 'solid-js'
import type { ScrollDirection } from '../feed-layout.ts'

/** A larger distance than this between two scroll events is too fast to read, in CSS pixels. */
const FAST_SCROLL_PX = 240
const IDLE_MS = 160

/** Creates the record of the scroll direction, and of whether the user scrolls too fast to read. */
export function createScrollVelocity() {
  const [isFastScrolling, setFastScrolling] = createSignal(false)
  let direction: ScrollDirection = null
  let last: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Records the offset of a scroll event. */
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

  return { isFastScrolling, direction: () => direction, track, stop: () => clearTimeout(timer) }
}
