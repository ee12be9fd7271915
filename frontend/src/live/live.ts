import type { Generation } from '@darkroom/contracts/generation'

/** A browser's timers are numbers, other programs' are objects. */
type Timer = ReturnType<typeof setTimeout> | number

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'offline'

/** What an `EventSource` is, as far as this page needs one. */
export interface EventStream {
  readonly readyState: number
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void
  close(): void
}

/** Who hears of what happens. */
export interface LiveHandlers {
  onGeneration: (generation: Generation) => void
  /** What was missed is not known: everything shown must be read again. */
  onGap: () => void
  onConnection: (connection: Connection) => void
}

export interface LiveOptions extends LiveHandlers {
  /** Opens the stream: an `EventSource`. */
  open: () => EventStream
  /** Says when this computer loses its network and has it again. */
  network?: EventTarget
  isOnline?: () => boolean
  setTimer?: (callback: () => void, milliseconds: number) => Timer
}

const CLOSED = 2
const INITIAL_BACKOFF_MS = 1_000
const MAX_BACKOFF_MS = 15_000

/**
 * Listens to what happens in the studio, for as long as it is wanted. An `EventSource` comes back by itself after a cut
 * and the studio replays what was missed; where it gives up (any answer but a stream), this opens another one after 1, 2, 4 …
 * at most 15 seconds, and reports a gap, because a new stream does not know where the old one ended.
 *
 * @returns ends it
 */
export function subscribeLive(options: LiveOptions): () => void {
  const { onConnection, network = globalThis, isOnline = () => navigator.onLine, setTimer = setTimeout } = options
  let stream: EventStream | undefined
  let timer: Timer | undefined
  let backoff = INITIAL_BACKOFF_MS
  let hasGap = false

  function connect() {
    const opened = options.open()
    stream = opened
    opened.addEventListener('open', onOpen)
    opened.addEventListener('error', () => onError(opened))
    opened.addEventListener('resync', options.onGap)
    opened.addEventListener('generation', event => onEvent(event.data))
  }

  function onOpen() {
    backoff = INITIAL_BACKOFF_MS
    onConnection('live')
    if (hasGap) options.onGap()
    hasGap = false
  }

  function onError(failed: EventStream) {
    onConnection(isOnline() ? 'reconnecting' : 'offline')
    if (failed !== stream || failed.readyState !== CLOSED) return
    hasGap = true
    timer = setTimer(connect, backoff)
    backoff = Math.min(backoff * 2, MAX_BACKOFF_MS)
  }

  /** A stream may outlive its network without noticing, for ever where the computer slept: another one is opened. */
  function onNetwork() {
    onConnection(isOnline() ? 'reconnecting' : 'offline')
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

  onConnection('connecting')
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

/** The studio sends generations and nothing else; whatever is not one is passed over, so that the next one still arrives. */
function parseGeneration(data: string): Generation | undefined {
  try {
    const value = JSON.parse(data)
    return typeof value?.clientId === 'string' && typeof value?.version === 'number' ? value : undefined
  } catch {
    return undefined
  }
}
