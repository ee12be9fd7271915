import type { Generation } from '@darkroom/contracts/generation'
import { createBackoff } from './backoff.ts'
import { parsePreview, type ShownPreview } from './shown-preview.ts'

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
  /** Opens the stream, an `EventSource`, after the event with this id; absent: from now on. */
  open: (lastEventId: string | undefined) => EventStream
  /** Emits `online` and `offline`. */
  network?: EventTarget
  isOnline?: () => boolean
}

const CLOSED = 2
/** The studio sends a ping every 15 s. A host that was lost sends none, and the connection to it never ends by itself. */
const SILENCE_MS = 27_000
/** A page that was frozen gets what has arrived meanwhile after its timers, and within this time. */
const ARRIVAL_MS = 3_000

/**
 * Subscribes to the studio's events. An `EventSource` reconnects by itself after a cut, and the studio replays the events in
 * between. Where it gives up (any response but a stream), this opens another one after 1, 2, 4 … at most 15 seconds; where nothing comes
 * for 30 s, not even a ping, at once. The new stream continues after the last event; where there was none, a gap is reported.
 *
 * @returns a function that unsubscribes
 */
export function subscribeLive(options: LiveOptions): () => void {
  const { onStatus, network = globalThis, isOnline = () => navigator.onLine } = options
  let stream: EventStream | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let silenceTimer: typeof timer
  const backoff = createBackoff({ initialMs: 1_000, maxMs: 15_000 })
  let hasGap = false
  let lastEventId = ''
  const handlers: EventHandlers = { ...createEventHandlers(options), open: onOpen, ping: () => {} }

  function connect() {
    const opened = options.open(lastEventId || undefined)
    stream = opened
    for (const [type, handle] of Object.entries(handlers)) {
      opened.addEventListener(type, event => {
        lastEventId = event.lastEventId || lastEventId
        watchForSilence()
        handle(event.data)
      })
    }
    opened.addEventListener('error', () => onError(opened))
    watchForSilence()
  }

  /** Opens another stream unless something arrives in time. Called whenever something does. */
  function watchForSilence() {
    clearTimeout(silenceTimer)
    silenceTimer = setTimeout(() => {
      silenceTimer = setTimeout(onSilence, ARRIVAL_MS)
    }, SILENCE_MS)
  }

  function onSilence() {
    if (isOnline()) replaceStream()
    else watchForSilence()
  }

  function replaceStream() {
    onStatus('reconnecting')
    clearTimeout(timer)
    stream?.close()
    hasGap = !lastEventId
    connect()
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
    clearTimeout(silenceTimer)
    hasGap = !lastEventId
    timer = setTimeout(connect, backoff.nextDelay())
  }

  /** Opens another stream when the network is back. The old one may never notice that its network was gone, as after a sleep. */
  function onNetwork() {
    if (isOnline()) replaceStream()
    else onStatus('offline')
  }

  onStatus('connecting')
  connect()
  network.addEventListener('online', onNetwork)
  network.addEventListener('offline', onNetwork)
  return () => {
    clearTimeout(timer)
    clearTimeout(silenceTimer)
    network.removeEventListener('online', onNetwork)
    network.removeEventListener('offline', onNetwork)
    stream?.close()
    stream = undefined
  }
}

type EventHandlers = Record<string, (data: string) => void>

/** Creates the functions that handle the data of each event, by its name. */
function createEventHandlers(options: StreamHandlers): EventHandlers {
  return {
    generation: data => {
      const generation = parseGeneration(data)
      if (generation) options.onGeneration(generation)
    },
    removed: data => {
      const id = parseEvent(data)?.id
      if (typeof id === 'string') options.onRemoved(id)
    },
    preview: data => {
      const preview = parsePreview(data)
      if (preview) options.onPreview(preview)
    },
    resync: () => options.onGap(),
    connection: () => options.onConnection(),
    models: () => options.onModels(),
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
