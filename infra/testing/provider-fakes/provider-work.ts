import { sleep } from '../../src/runtime/timers.ts'

/** The time that a provider took by itself, by the clock of this machine, in ms since 1970. */
export interface WorkTime {
  /** A submission was received. */
  startedAt: number
  /** Its image was made. */
  endedAt: number
}

/** The work of a fake provider, as benchmarks set it. */
export interface ProviderWork {
  /** Time from the receipt of a submission until its image is made, in ms. */
  milliseconds: number
  /** The image that each submission gives; one that is rendered for it unless set. */
  image: Uint8Array | null
  /** The submissions whose image is made, in order. */
  readonly times: WorkTime[]
}

/** Creates the work of a provider that takes no time and renders its images. */
export function createProviderWork(): ProviderWork {
  return { milliseconds: 0, image: null, times: [] }
}

/** Returns the time of this machine's clock, in ms since 1970. */
export function readClock(): number {
  return performance.timeOrigin + performance.now()
}

/** Waits until the work on a submission has taken its time, and records it. */
export async function finishWork(work: ProviderWork, startedAt: number, signal: AbortSignal): Promise<void> {
  if (work.milliseconds > 0) await sleep(Math.max(0, startedAt + work.milliseconds - readClock()), signal)
  work.times.push({ startedAt, endedAt: readClock() })
}
