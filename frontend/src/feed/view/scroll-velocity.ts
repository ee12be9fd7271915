import { createSignal } from 'solid-js'
import type { ScrollDirection } from '../feed-layout.ts'

/** A larger distance than this between two scroll events is too fast to read, in CSS pixels. */
const FAST_SCROLL_PX = 240
const IDLE_MS = 160

/** Runs a callback after the next frame is painted. */
function afterNextPaint(callback: () => void) {
  requestAnimationFrame(() => setTimeout(callback))
}

/** Creates the record of the scroll direction, and of whether the user scrolls too fast to read. */
export function createScrollVelocity() {
  const [isFastScrolling, setFastScrolling] = createSignal(false)
  let direction: ScrollDirection = null
  let isJumping = false
  let last: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Records the offset of a scroll event. */
  function track(offset: number) {
    const delta = offset - (last ?? offset)
    last = offset
    if (delta === 0 || isJumping) return
    direction = delta < 0 ? 'backward' : 'forward'
    if (Math.abs(delta) > FAST_SCROLL_PX) setFastScrolling(true)
    clearTimeout(timer)
    timer = setTimeout(reset, IDLE_MS)
  }

  function reset() {
    direction = null
    setFastScrolling(false)
  }

  /**
   * Shows cheap rows, with their placeholders, where the view jumps to, and whole ones once those are painted. To render whole rows takes
   * longer than a jump may last.
   *
   * @param onPainted called then
   */
  function beginJump(onPainted: () => void) {
    clearTimeout(timer)
    setFastScrolling(true)
    isJumping = true
    afterNextPaint(() => {
      isJumping = false
      reset()
      onPainted()
    })
  }

  const stop = () => clearTimeout(timer)
  return { isFastScrolling, direction: () => direction, isJumping: () => isJumping, track, beginJump, stop }
}
