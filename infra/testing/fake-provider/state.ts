import { type Behaviour, BehaviourChange, WELL_BEHAVED } from './behavior.ts'
import { emptyJournal, type Journal } from './request-log.ts'
import type { Submission } from './wire.ts'

export interface Begun {
  id: string
  asked: Submission
  idempotencyKey: string | null
  startedAt: number
  delayMs: number
  cancelled: boolean
}

/** Everything the fake provider knows: what it was told to do, what it has begun, and what came to its door. */
export interface World {
  /** Where it is reached, without a slash at the end. */
  readonly url: string
  readonly behaviour: Behaviour
  readonly journal: Journal
  readonly begun: Map<string, Begun>
  /** Behaves otherwise from now on. @throws ZodError if that is no behaviour */
  change(change: unknown): void
  /** Behaves well and forgets what came; what was begun stays, and so do its files. */
  reset(): void
  /** Counts one more occasion for a fault, and says whether it comes about. */
  strikes(fault: Occasional, place?: string): boolean
  /** Says that something has happened, to those who wait for it. */
  touch(): void
  /** Waits for something to have become so. @throws the signal's reason */
  until(test: () => boolean, signal: AbortSignal): Promise<void>
}

interface Occasional {
  times?: number | undefined
  after?: number | undefined
}

export function createWorld(url: string): World {
  const waiting = new Set<() => void>()
  const occasions = new WeakMap<Occasional, Map<string, number>>()
  const touch = () => {
    for (const look of waiting) look()
  }
  let behaviour = WELL_BEHAVED
  let journal = emptyJournal()
  return {
    url,
    begun: new Map(),
    get behaviour() {
      return behaviour
    },
    get journal() {
      return journal
    },
    change(change) {
      behaviour = { ...behaviour, ...withoutUndefined(BehaviourChange.parse(change)) }
      touch()
    },
    reset() {
      const { filesInFlight } = journal
      behaviour = WELL_BEHAVED
      journal = { ...emptyJournal(), filesInFlight, maxFilesInFlight: filesInFlight }
      touch()
    },
    strikes(fault, place = '') {
      const counts = occasions.get(fault) ?? new Map<string, number>()
      const count = (counts.get(place) ?? 0) + 1
      occasions.set(fault, counts.set(place, count))
      const spared = fault.after ?? 0
      return count > spared && count <= spared + (fault.times ?? Number.POSITIVE_INFINITY)
    },
    touch,
    async until(test, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const look = () => test() && resolve()
      const give = () => reject(signal.reason)
      signal.throwIfAborted()
      signal.addEventListener('abort', give, { once: true })
      waiting.add(look)
      look()
      await promise.finally(() => {
        waiting.delete(look)
        signal.removeEventListener('abort', give)
      })
    },
  }
}

function withoutUndefined(change: BehaviourChange): Partial<Behaviour> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}
