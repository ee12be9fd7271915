import type { Generation } from '@darkroom/contracts/generation'
import { createBackoff } from './backoff.ts'
import { parsePreview, type ShownPreview } from './shown-preview.ts'

/** Timers are numbers in a browser, and objects in Bun. */
type Timer = ReturnType<typeof setTimeout> | number

/** State of the event stream. */
export type LiveStatus = 'connecting' | 'live' | 'reconnecting' | 'offline'

/** The part of `EventSource` that this page uses. */
export interface EventStream {
  readonly readyState: number
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void
  close(): void
}

/** Callbacks for the events of the studio and the state of their stream. */
export interface LiveHandlers {
  onGeneration: (generation: Generation) => void
  /** Called when events may have been missed: everything shown must be read again. */
  onGap: () => void
  /** Called when a connection to a provider has changed. */
  onConnection: () => void
  /** Called when the studio offers other models than before. */
  onModels: () => void
  onStatus: (status: LiveStatus) => void
}

/** Callbacks for the events of one stream. */
export interface StreamHandlers extends LiveHandlers {
  /** Called with each preview of an output that is being made. */
  onPreview: (preview: ShownPreview) => void
  /** Called with the id of a generation that is deleted permanently. */
  onRemoved: (id: string) => void
}

/** Callbacks of a tab. */
export interface TabHandlers extends LiveHandlers {
  /** Called with the ids of generations that are deleted permanently, at most once a frame. */
  onRemoved: (ids: ReadonlySet<string>) => void
}

export interface LiveOptions extends StreamHandlers {
  /** Opens the stream: an `EventSource`. */
  open: () => EventStream
  /** Emits `online` and `offline`. */
  network?: EventTarget
  isOnline?: () => boolean
  setTimer?: (callback: () => void, ms: number) => Timer
}

const CLOSED = 2

/**
 * Subscribes to the studio's events. An `EventSource` reconnects by itself after a cut, and the studio replays the events in
 * between. Where it gives up (any response but a stream), this opens another one after 1, 2, 4 … at most 15 seconds, and reports
 * a gap, because a new stream does not know where the old one ended.
 *
 * @returns a function that unsubscribes
 */
export function subscribeLive(options: LiveOptions): () => void {
  const { onStatus, network = globalThis, isOnline = () => navigator.onLine, setTimer = setTimeout } = options
  let stream: EventStream | undefined
  let timer: Timer | undefined
  const backoff = createBackoff({ initialMs: 1_000, maxMs: 15_000 })
  let hasGap = false

  function connect() {
    const opened = options.open()
    stream = opened
    opened.addEventListener('open', onOpen)
    opened.addEventListener('error', () => onError(opened))
    opened.addEventListener('resync', options.onGap)
    opened.addEventListener('generation', event => onEvent(event.data))
    opened.addEventListener('removed', event => onRemoval(event.data))
    opened.addEventListener('preview', event => onPreview(event.data))
    opened.addEventListener('connection', () => options.onConnection())
    opened.addEventListener('models', () => options.onModels())
  }

  function onOpen() {
    backoff.reset()
    onStatus('live')
    if (hasGap) options.onGap()
    hasGap = false
  }

  function onError(failed: EventStream) {
    onStatus(isOnline() ? 'reconnecting' : 'offline')
    if (failed !== stream || failed.readyState !== CLOSED) return
    hasGap = true
    timer = setTimer(connect, backoff.nextDelay())
  }

  /** Opens another stream when the network is back. The old one may never notice that its network was gone, as after a sleep. */
  function onNetwork() {
    onStatus(isOnline() ? 'reconnecting' : 'offline')
    if (!isOnline()) return
    clearTimeout(timer)
    stream?.close()
    hasGap = true
    connect()
  }

  function onEvent(data: string) {
    const generation = parseGeneration(data)
    if (generation) options.onGeneration(generation)
  }

  function onRemoval(data: string) {
    const id = parseEvent(data)?.id
    if (typeof id === 'string') options.onRemoved(id)
  }

  function onPreview(data: string) {
    const preview = parsePreview(data)
    if (preview) options.onPreview(preview)
  }

  onStatus('connecting')
  connect()
  network.addEventListener('online', onNetwork)
  network.addEventListener('offline', onNetwork)
  return () => {
    clearTimeout(timer)
    network.removeEventListener('online', onNetwork)
    network.removeEventListener('offline', onNetwork)
    stream?.close()
    stream = undefined
  }
}

/** Parses an event. Returns undefined if it is not a generation, so that one broken event does not stop the next ones. */
function parseGeneration(data: string): Generation | undefined {
  const value = parseEvent(data)
  return typeof value?.clientId === 'string' && typeof value?.version === 'number' ? value : undefined
}

function parseEvent(data: string) {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}
