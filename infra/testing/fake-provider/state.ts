import { type Behavior, BehaviorChange, DEFAULT_BEHAVIOR } from './behavior.ts'
import { createRequestLog, type RequestLog } from './request-log.ts'
import type { Submission } from './wire.ts'

export interface PredictionRecord {
  id: string
  submission: Submission
  idempotencyKey: string | null
  startedAt: number
  delayMs: number
  cancelled: boolean
  /** Whether it ends with a failure of its own. */
  fails: boolean
  /** Whether its cost is reported, and differs from the price list. */
  reportsCost: boolean
}

/** State of the fake provider: its behavior, its predictions and its request log. */
export interface ProviderState {
  /** Its address, without a trailing slash. */
  readonly url: string
  readonly behavior: Behavior
  readonly requestLog: RequestLog
  readonly predictions: Map<string, PredictionRecord>
  /** Input images by their sha256. */
  readonly inputs: Map<string, Uint8Array>
  /** Changes the behavior. @throws ZodError if it is invalid */
  setBehavior(change: unknown): void
  /** Restores the default behavior and empties the request log. Predictions and their files stay. */
  reset(): void
  /** Counts an occasion for a fault. @returns whether the fault is active */
  shouldInject(fault: FaultSchedule, key?: string): boolean
  /** Makes every `waitUntil` check its condition again. */
  notifyWaiters(): void
  /** Waits until a condition is true. @throws the signal's reason */
  waitUntil(condition: () => boolean, signal: AbortSignal): Promise<void>
}

interface FaultSchedule {
  times?: number | undefined
  after?: number | undefined
}

export function createProviderState(url: string): ProviderState {
  const waiters = new Set<() => void>()
  const counters = new WeakMap<FaultSchedule, Map<string, number>>()
  const notifyWaiters = () => {
    for (const check of waiters) check()
  }
  let behavior = DEFAULT_BEHAVIOR
  let requestLog = createRequestLog()
  return {
    url,
    predictions: new Map(),
    inputs: new Map(),
    get behavior() {
      return behavior
    },
    get requestLog() {
      return requestLog
    },
    setBehavior(change) {
      behavior = { ...behavior, ...withoutUndefined(BehaviorChange.parse(change)) }
      notifyWaiters()
    },
    reset() {
      const { filesInFlight, watching } = requestLog
      behavior = DEFAULT_BEHAVIOR
      requestLog = { ...createRequestLog(), filesInFlight, watching, maxFilesInFlight: filesInFlight }
      notifyWaiters()
    },
    shouldInject(fault, key = '') {
      const counts = counters.get(fault) ?? new Map<string, number>()
      const count = (counts.get(key) ?? 0) + 1
      counters.set(fault, counts.set(key, count))
      const skipped = fault.after ?? 0
      return count > skipped && count <= skipped + (fault.times ?? Number.POSITIVE_INFINITY)
    },
    notifyWaiters,
    async waitUntil(condition, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const check = () => condition() && resolve()
      const onAbort = () => reject(signal.reason)
      signal.throwIfAborted()
      signal.addEventListener('abort', onAbort, { once: true })
      waiters.add(check)
      check()
      await promise.finally(() => {
        waiters.delete(check)
        signal.removeEventListener('abort', onAbort)
      })
    },
  }
}

function withoutUndefined(change: BehaviorChange): Partial<Behavior> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}
