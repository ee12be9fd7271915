import { type Accessor, createSignal, onCleanup } from 'solid-js'
import type { Clock } from './clock.ts'

const TICK_MS = 30_000

/** Creates a signal of the studio's time for texts like `42 min left`. One timer serves the whole page, twice a minute. */
export function createCoarseClock(clock: Clock): Accessor<number> {
  const [now, setNow] = createSignal(clock.now())
  const timer = setInterval(() => setNow(clock.now()), TICK_MS)
  onCleanup(() => clearInterval(timer))
  return now
}
