import { createSignal } from 'solid-js'
import type { Direction } from './feed-layout.ts'

/** Farther than this from one scroll event to the next nobody reads, in CSS pixels. */
const FAST = 240
const CALM_MS = 160

/** Tells where the reader is heading, and whether they are flying past rather than reading. */
export function createPace() {
  const [isFast, setFast] = createSignal(false)
  let heading: Direction = null
  let last: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Notes where the reader has come to. */
  function moved(offset: number) {
    const way = offset - (last ?? offset)
    last = offset
    if (way === 0) return
    heading = way < 0 ? 'backward' : 'forward'
    if (Math.abs(way) > FAST) setFast(true)
    clearTimeout(timer)
    timer = setTimeout(calm, CALM_MS)
  }

  function calm() {
    heading = null
    setFast(false)
  }

  return { isFast, heading: () => heading, moved, end: () => clearTimeout(timer) }
}
