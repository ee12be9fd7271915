import type { Generation } from '@darkroom/contracts/generation'
import { createLog } from '../../src/log.ts'
import { runForever } from '../../src/runtime/run-forever.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { type EventStream, openEventStream, type SseEvent } from '../../testing/sse-reader.ts'
import { waitFor } from '../../testing/wait-for.ts'

/** Clients that follow the event stream as a browser does, and note what they receive. */
export interface EventWatch extends Disposable {
  /** Resolves when every client is connected. */
  opened(): Promise<void>
  /** Waits until every client has these generations as they are. @returns what was wrong meanwhile, and how long they were silent */
  check(generations: readonly Generation[]): Promise<EventReport>
}

export interface EventReport {
  /** Longest time in which a client received no change, in ms. There are always some. */
  silenceMs: number
  /** Longest of the client that waited least. */
  leastSilenceMs: number
  /** Events that were missing, doubled, or out of order, and gaps. */
  violations: string[]
}

interface WatchingClient {
  /** Version of each generation that it has. */
  versions: Map<string, number>
  /** When it received the last event, and the longest time between two, in ms. */
  lastAt: number
  silenceMs: number
  position: { epoch: number; sequence: number } | undefined
  lastEventId: string | undefined
  violations: string[]
  state: 'connecting' | 'open'
}

/** A browser opens another stream when it has heard nothing, not even a ping, for this long, in ms. */
const SILENCE_MS = 30_000
/** Pause that the studio asks for before a stream is opened again, in ms. */
const RETRY_MS = 1_000
const ARRIVAL_MS = 40_000
const POLICY = { minMs: RETRY_MS, baseMs: 0, maxMs: 0 }
const log = createLog({ service: 'test', level: 'silent' })

/** Opens `count` clients at a port on loopback. They end when it is disposed of. */
export function openEventWatch(count: number, port: number): EventWatch {
  const ending = new AbortController()
  const clients = Array.from({ length: count }, () => openClient(port, ending.signal))
  return {
    opened: async () => {
      await waitFor('The event streams', ARRIVAL_MS, async () => clients.every(({ state }) => state === 'open'))
      for (const client of clients) client.lastAt = performance.now()
    },
    check: async generations => {
      const isComplete = async () => clients.every(client => listMissing(client, generations).length === 0)
      await waitFor('The events', ARRIVAL_MS, isComplete, 100).catch(() => {})
      const silences = clients.map(({ silenceMs }) => silenceMs)
      return {
        silenceMs: Math.max(...silences),
        leastSilenceMs: Math.min(...silences),
        violations: clients.flatMap((client, at) =>
          [...client.violations, ...listMissing(client, generations)].map(
            violation => `client ${at}: ${violation}; it is at ${client.lastEventId}, ${client.state}`,
          ),
        ),
      }
    },
    [Symbol.dispose]: () => ending.abort(),
  }
}

function openClient(port: number, signal: AbortSignal): WatchingClient {
  const client: WatchingClient = {
    versions: new Map(),
    lastAt: performance.now(),
    silenceMs: 0,
    position: undefined,
    lastEventId: undefined,
    violations: [],
    state: 'connecting',
  }
  void runForever({ name: 'event_watch', policy: POLICY, idleMs: RETRY_MS, wait: sleep, log, signal }, async () => {
    await followStream(client, port, signal)
    return 'idle'
  })
  return client
}

/** Follows one stream until it ends, or is silent for too long. */
async function followStream(client: WatchingClient, port: number, signal: AbortSignal): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  let stream: EventStream | undefined
  const close = () => stream?.close()
  let silence = setTimeout(close, SILENCE_MS)
  const onEvent = (event: SseEvent) => {
    clearTimeout(silence)
    silence = setTimeout(close, SILENCE_MS)
    client.state = 'open'
    receive(client, event)
  }
  stream = await openEventStream({ port, lastEventId: client.lastEventId, onEvent, onClose: resolve })
  signal.addEventListener('abort', close, { once: true })
  if (signal.aborted) close()
  await closed
  clearTimeout(silence)
  signal.removeEventListener('abort', close)
  client.state = 'connecting'
}

function receive(client: WatchingClient, { name, id, data }: SseEvent): void {
  if (id !== undefined) recordPosition(client, id, name)
  if (name === 'resync') client.violations.push(`a resync at ${id}: events were lost`)
  if (name !== 'generation') return
  const { id: generation, version } = JSON.parse(data) as Generation
  const now = performance.now()
  client.silenceMs = Math.max(client.silenceMs, Math.round(now - client.lastAt))
  client.lastAt = now
  const before = client.versions.get(generation) ?? 0
  if (version < before) client.violations.push(`${generation} went back to version ${version}`)
  client.versions.set(generation, version)
}

/** Checks that an event comes after those before it: none twice, none late. The first one of a stream repeats where that begins. */
function recordPosition(client: WatchingClient, id: string, name: string | undefined): void {
  const [epoch = 0, sequence = 0] = id.split('.').map(Number)
  const { position } = client
  const order = position ? epoch - position.epoch || sequence - position.sequence : 1
  if (order < 0 || (order === 0 && name === 'generation'))
    client.violations.push(`event ${id} after ${client.lastEventId}`)
  client.position = { epoch, sequence }
  client.lastEventId = id
}

function listMissing({ versions }: WatchingClient, generations: readonly Generation[]): string[] {
  return generations
    .filter(({ id, version }) => (versions.get(id) ?? 0) < version)
    .map(({ id, version }) => `version ${version} of ${id} was not received`)
}
