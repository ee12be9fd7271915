import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Row } from '../store/generation-window.ts'
import { createBackoff } from './backoff.ts'

/** Timers are numbers in a browser, and objects in Bun. */
type Timer = ReturnType<typeof setTimeout> | number

export interface StallDetectorOptions {
  onStall: () => void
  setTimer?: (callback: () => void, ms: number) => Timer
}

/**
 * Creates the detector of a standstill: there are unfinished generations, and none of them has changed for 20 s, then for another
 * 40 s, and so on, at most 5 min.
 */
export function createStallDetector({ onStall, setTimer = setTimeout }: StallDetectorOptions) {
  const backoff = createBackoff({ initialMs: 20_000, maxMs: 300_000 })
  let versions = new Map<string, number>()
  let timer: Timer | undefined

  /** Observes the rows of the feed, which must be called whenever they change. A new row is no sign of progress. */
  function observe(rows: readonly Row[]) {
    const next = new Map(rows.filter(isUnfinished).map(({ key, generation }) => [key, generation.version]))
    const hasProgressed = [...versions].some(([key, version]) => next.get(key) !== version)
    versions = next
    if (hasProgressed) stop()
    if (next.size > 0) start()
  }

  function start() {
    timer ??= setTimer(() => {
      timer = undefined
      onStall()
      start()
    }, backoff.nextDelay())
  }

  function stop() {
    clearTimeout(timer)
    timer = undefined
    backoff.reset()
  }

  return { observe, stop }
}

function isUnfinished({ delivery, generation }: Row): boolean {
  return delivery === null && !isTerminal(generation.status)
}
