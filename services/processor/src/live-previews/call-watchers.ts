import { sleep } from '@darkroom/infra/runtime/timers'
import type { Adapter } from '../providers/adapter.ts'
import type { Audience } from './audience.ts'
import type { PreviewPublisher } from './preview-publisher.ts'

/** A call that is open at its provider. */
export interface WatchableCall {
  workspaceId: string
  generationId: string
  call: number
  adapter: Pick<Adapter, 'watch'>
  handle: string
  /** Indices of the requested outputs in the generation. */
  indices: readonly number[]
}

/** The watching of one call, for the poll that has just begun. */
export interface CallWatch {
  /** Watches the call from now on, while somebody watches its workspace. Called when the provider works on it. */
  start(): void
  /** Returns the progress that the provider told last, from 0 to 1. */
  progress(): number | undefined
  /** Waits until the provider ends the watching, which tells that the call may have ended, until the signal is aborted, or `ms`. */
  pause(ms: number, signal: AbortSignal): Promise<void>
  /** Goes on after the poll, until the next one or some time after it is due. @param seconds time until then */
  extend(seconds: number): void
  /** Ends it: the call has ended, or is no longer ours. */
  end(): void
}

/** The calls of this process that are followed at their providers while they run. */
export interface CallWatchers {
  open(call: WatchableCall): CallWatch
  /** Ends the watching of a generation's calls: it was cancelled. */
  endGeneration(generationId: string): void
  /** Starts and ends watching as the audience and the time demand it. */
  refresh(): void
  /** Returns the number of calls that are watched now. */
  count(): number
  /** Whether no call is open. */
  isEmpty(): boolean
}

export interface CallWatchersDeps {
  audience: Pick<Audience, 'isWatched'>
  publisher: PreviewPublisher
  signal: AbortSignal
  now?: () => number
}

/** Connections that are open to all providers for this, at most. */
export const MAX_WATCHERS = 64
/** A provider that ends them by itself so many times is not asked again about that call. */
const MAX_ENDS = 5
/** A poll comes later than it is due where the slots are taken. */
const OVERDUE_MS = 15_000
/** Longest time between two polls that is bridged. */
const MAX_EXTENSION_MS = 120_000

interface Entry {
  call: WatchableCall
  isStarted: boolean
  /** Times that the provider has ended it by itself. */
  ends: number
  progress: number | undefined
  /** Time until which a poll is awaited; null while one is under way. */
  until: number | null
  stop: AbortController | undefined
  /** Resolved when the provider has ended it by itself; another one after a pause that it has cut short. */
  ended: PromiseWithResolvers<void>
}

/** Creates the watchers of a process. They end with the signal. */
export function createCallWatchers(deps: CallWatchersDeps): CallWatchers {
  const { now = () => performance.now() } = deps
  const entries = new Map<string, Entry>()
  const count = () => [...entries.values()].filter(({ stop }) => stop).length

  const end = (key: string, entry: Entry) => {
    entry.stop?.abort()
    if (entries.get(key) === entry) entries.delete(key)
  }
  const update = (entry: Entry) => {
    const isWatched = !deps.signal.aborted && deps.audience.isWatched(entry.call.workspaceId)
    if (!isWatched) return entry.stop?.abort()
    const canStart = entry.isStarted && !entry.stop && entry.ends < MAX_ENDS
    if (canStart && count() < MAX_WATCHERS) void watchCall(deps, entry)
  }
  const acquire = (key: string, call: WatchableCall) => {
    const known = entries.get(key)
    // Another handle is another call at the provider.
    if (known?.call.handle === call.handle) return known
    if (known) end(key, known)
    const ended = Promise.withResolvers<void>()
    const entry: Entry = { call, isStarted: false, ends: 0, progress: undefined, until: null, stop: undefined, ended }
    entries.set(key, entry)
    return entry
  }
  return {
    open: call => {
      if (!call.adapter.watch) return NOT_WATCHED
      const key = `${call.generationId} ${call.call}`
      const entry = acquire(key, call)
      entry.until = null
      return {
        start: () => {
          entry.isStarted = true
          update(entry)
        },
        progress: () => entry.progress,
        pause: (ms, signal) => pauseUntilEnd(entry, ms, signal),
        extend: seconds => {
          entry.until = now() + Math.min(MAX_EXTENSION_MS, seconds * 1_000 + OVERDUE_MS)
        },
        end: () => end(key, entry),
      }
    },
    endGeneration: generationId => {
      for (const [key, entry] of entries) if (entry.call.generationId === generationId) end(key, entry)
    },
    refresh: () => {
      for (const [key, entry] of entries) {
        if (entry.until !== null && now() > entry.until) end(key, entry)
        else update(entry)
      }
    },
    count,
    isEmpty: () => entries.size === 0,
  }
}

const NOT_WATCHED: CallWatch = {
  start: () => {},
  progress: () => undefined,
  pause: sleep,
  extend: () => {},
  end: () => {},
}

async function pauseUntilEnd(entry: Entry, ms: number, signal: AbortSignal): Promise<void> {
  const isOver = new AbortController()
  const { ended } = entry
  const isEnded = ended.promise.then(() => true)
  const elapsed = sleep(ms, AbortSignal.any([signal, isOver.signal])).then(() => false)
  try {
    if (await Promise.race([isEnded, elapsed])) entry.ended = Promise.withResolvers()
  } finally {
    isOver.abort()
  }
}

async function watchCall({ publisher, signal }: CallWatchersDeps, entry: Entry): Promise<void> {
  const { workspaceId, generationId, adapter, handle, indices } = entry.call
  const stop = new AbortController()
  entry.stop = stop
  const onProgress = (fraction: number) => {
    entry.progress = fraction
  }
  const onPreview = (index: number, bytes: Uint8Array) => {
    const isOwn = indices.includes(index) && !stop.signal.aborted
    if (isOwn) publisher.offer({ workspaceId, generationId, index }, bytes)
  }
  try {
    await adapter.watch?.(handle, { indices, onProgress, onPreview }, AbortSignal.any([signal, stop.signal]))
  } catch {
    // It never throws by its contract, and nothing depends on it if it does.
  }
  if (!stop.signal.aborted) {
    entry.ends += 1
    entry.ended.resolve()
  }
  if (entry.stop === stop) entry.stop = undefined
}
