import { sleep } from '../../src/runtime/timers.ts'
import type { Outcome } from './http.ts'
import { createMemorySampler, type MemoryUsage } from './memory.ts'
import type { FuzzRequest } from './request.ts'
import { checkStudio, type FuzzTarget, sendConcurrentUploads, sendFuzzRequest } from './target.ts'

/** A request whose response, or after which the studio, was wrong. */
export interface FuzzFailure {
  number: number
  fuzzed: FuzzRequest
  faults: string[]
}

export interface FuzzReport {
  requests: number
  /** Number of responses by status. */
  statuses: Record<string, number>
  failures: number
  memory: MemoryUsage[]
}

const PER_SECOND = 60
const CONCURRENCY = 6
const CHECK_EVERY = 50
const CONCURRENT_UPLOADS_EVERY = 500
const IDLE_MS = 5_000
const MAX_FAILURES = 20

/**
 * Sends the requests of a seed at a bounded rate, until the signal is aborted or there are too many failures.
 *
 * @param options `onFailure` is called for each failure
 */
export async function fuzz(options: {
  target: FuzzTarget
  seed: string
  signal: AbortSignal
  onFailure: (failure: FuzzFailure) => void
}): Promise<FuzzReport> {
  const { target, seed, onFailure } = options
  const sampler = createMemorySampler(target.pids)
  const limitReached = new AbortController()
  const signal = AbortSignal.any([options.signal, limitReached.signal])
  const statuses: Record<string, number> = {}
  const began = performance.now()
  let [next, failures] = [0, 0]
  const fail = (failure: FuzzFailure) => {
    onFailure(failure)
    failures += 1
    if (failures >= MAX_FAILURES) limitReached.abort()
  }
  const runWorker = async () => {
    while (!signal.aborted) {
      const number = next++
      await sleep(Math.max(0, began + (number * 1_000) / PER_SECOND - performance.now()), signal)
      const { fuzzed, outcomes, faults } = await runStep(target, seed, number)
      for (const { status } of outcomes) statuses[status] = (statuses[status] ?? 0) + 1
      if (number % PER_SECOND === 0) await sampler.sample()
      if (faults.length > 0) fail({ number, fuzzed, faults })
    }
  }
  await sampler.sample()
  await Promise.all(Array.from({ length: CONCURRENCY }, runWorker))
  await sleep(IDLE_MS, new AbortController().signal)
  await sampler.sample()
  const requests = Object.values(statuses).reduce((sum, count) => sum + count, 0)
  return { requests, statuses, failures, memory: sampler.summarize() }
}

/** Sends a request, and from time to time several large ones at once and a check of the studio itself. */
async function runStep(
  target: FuzzTarget,
  seed: string,
  number: number,
): Promise<{ fuzzed: FuzzRequest; outcomes: Outcome[]; faults: string[] }> {
  const { fuzzed, outcome, faults } = await sendFuzzRequest(target, seed, number)
  const uploads =
    number % CONCURRENT_UPLOADS_EVERY === 0 ? await sendConcurrentUploads(target) : { outcomes: [], faults: [] }
  const studio = number % CHECK_EVERY === 0 ? await checkStudio(target) : []
  return { fuzzed, outcomes: [outcome, ...uploads.outcomes], faults: [...faults, ...uploads.faults, ...studio] }
}
