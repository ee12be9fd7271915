import { type Accessor, createSignal, onCleanup } from 'solid-js'
import type { Clock } from './clock.ts'

const TICK_MS = 30_000

/** The studio's time, as exactly as words like `42 min left` need it: one timer, twice a minute, for the whole page. */
export function createCoarseClock(clock: Clock): Accessor<number> {
  const [now, setNow] = createSignal(clock.now())
  const timer = setInterval(() => setNow(clock.now()), TICK_MS)
  onCleanup(() => clearInterval(timer))
  return now
}
