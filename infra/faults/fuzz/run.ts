import { sleep } from '../../src/runtime/timers.ts'
import type { Outcome } from './http.ts'
import { type Memory, watchMemory } from './memory.ts'
import type { FuzzRequest } from './request.ts'
import { faultsOfStudio, sendCrowd, sendOne, type Target } from './target.ts'

/** A request after which something was not as it has to be. */
export interface Failure {
  number: number
  made: FuzzRequest
  faults: string[]
}

export interface Report {
  requests: number
  /** How often each status came. */
  statuses: Record<string, number>
  failures: number
  memory: Memory[]
}

const PER_SECOND = 60
const AT_ONCE = 6
const CHECK_EVERY = 50
const CROWD_EVERY = 500
const REST_MS = 5_000
const ENOUGH_FAILURES = 20

/**
 * Sends the requests of a seed, a bounded number a second, until the signal is aborted or enough is enough.
 *
 * @param options `tell` hears of each failure
 */
export async function fuzz(options: {
  target: Target
  seed: string
  signal: AbortSignal
  tell: (failure: Failure) => void
}): Promise<Report> {
  const { target, seed, tell } = options
  const watch = watchMemory(target.pids)
  const enough = new AbortController()
  const signal = AbortSignal.any([options.signal, enough.signal])
  const statuses: Record<string, number> = {}
  const began = performance.now()
  let [next, failures] = [0, 0]
  const fail = (failure: Failure) => {
    tell(failure)
    failures += 1
    if (failures >= ENOUGH_FAILURES) enough.abort()
  }
  const work = async () => {
    while (!signal.aborted) {
      const number = next++
      await sleep(Math.max(0, began + (number * 1_000) / PER_SECOND - performance.now()), signal)
      const { made, outcomes, faults } = await step(target, seed, number)
      for (const { status } of outcomes) statuses[status] = (statuses[status] ?? 0) + 1
      if (number % PER_SECOND === 0) await watch.look()
      if (faults.length > 0) fail({ number, made, faults })
    }
  }
  await watch.look()
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  await sleep(REST_MS, new AbortController().signal)
  await watch.look()
  const requests = Object.values(statuses).reduce((sum, count) => sum + count, 0)
  return { requests, statuses, failures, memory: watch.table() }
}

/** A request, and now and then a crowd of large ones and a look at the studio itself. */
async function step(
  target: Target,
  seed: string,
  number: number,
): Promise<{ made: FuzzRequest; outcomes: Outcome[]; faults: string[] }> {
  const { made, outcome, faults } = await sendOne(target, seed, number)
  const crowd = number % CROWD_EVERY === 0 ? await sendCrowd(target) : { outcomes: [], faults: [] }
  const studio = number % CHECK_EVERY === 0 ? await faultsOfStudio(target) : []
  return { made, outcomes: [outcome, ...crowd.outcomes], faults: [...faults, ...crowd.faults, ...studio] }
}
