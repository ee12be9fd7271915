import type { Generation } from '@darkroom/contracts/generation'
import { createSignal, type Signal } from 'solid-js'
import { RejectedError } from '../request-error.ts'
import { createRetryTimer } from '../store/retry-timer.ts'
import type { LineageApi } from './lineage-api.ts'

/** A generation that the feed has not loaded: `undefined` until it is read, null if there is none (any more). */
export type CachedGeneration = Generation | null | undefined

export interface GenerationCacheOptions {
  api: Pick<LineageApi, 'fetchGeneration'>
  /** Runs a callback after a number of milliseconds. */
  setTimer?: (callback: () => void, ms: number) => void
}

const MAX_ENTRIES = 500
const MAX_READS = 4

/** Creates the generations that were read by their id. Each is read once, a few at a time, and follows the studio's events from then on. */
export function createGenerationCache({ api, setTimer = setTimeout }: GenerationCacheOptions) {
  const entries = new Map<string, Signal<CachedGeneration>>()
  const waiting = new Set<string>()
  const retryTimer = createRetryTimer({ retry: readWaiting, setTimer })
  let reads = 0

  /** Returns a generation, and reads it if it is not known yet. Reactive. */
  function find(id: string): CachedGeneration {
    const [read] = entries.get(id) ?? request(id)
    return read()
  }

  function request(id: string): Signal<CachedGeneration> {
    const entry = createSignal<CachedGeneration>()
    entries.set(id, entry)
    const [oldest] = entries.keys()
    if (entries.size > MAX_ENTRIES && oldest !== undefined) entries.delete(oldest)
    waiting.add(id)
    queueMicrotask(readWaiting)
    return entry
  }

  function readWaiting() {
    for (const id of [...waiting].slice(0, MAX_READS - reads)) {
      waiting.delete(id)
      reads += 1
      void read(id).finally(() => {
        reads -= 1
        if (!isPaused) readWaiting()
      })
    }
  }

  let isPaused = false

  async function read(id: string) {
    try {
      const generation = await api.fetchGeneration(id)
      isPaused = false
      retryTimer.reset()
      apply(id, generation)
    } catch (error) {
      // A refusal is not retried: the row is shown without its parent.
      if (error instanceof RejectedError) return
      waiting.add(id)
      isPaused = true
      retryTimer.schedule()
    }
  }

  function apply(id: string, generation: Generation | null) {
    const entry = entries.get(id)
    const before = entry?.[0]()
    if (before && generation && before.version > generation.version) return
    entry?.[1](generation)
  }

  /** Takes over a generation that the studio has sent, where it was read before. */
  function receive(generation: Generation) {
    if (entries.has(generation.id)) apply(generation.id, generation)
  }

  return { find, receive }
}
