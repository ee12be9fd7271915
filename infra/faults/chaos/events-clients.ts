import { GenerationPage } from '@darkroom/contracts/generation'
import { sleep } from '../../src/runtime/timers.ts'
import { type EventStream, openEventStream, type SseEvent } from '../../testing/sse-reader.ts'

/** A page that follows the event stream and reconnects, as a browser does. */
export interface EventClient {
  /** Generations that it shows: the hash of the JSON by id. */
  shown: Map<string, bigint | number>
  /** Number of `resync` events. */
  resyncs: number
  connections: number
  state: 'disconnected' | 'open'
  close(): void
}

export type FeedState = ReadonlyMap<string, { version: number; hash: bigint | number }>

const RETRY_MS = 200

/**
 * Opens `count` clients, each with a connection of its own.
 *
 * @param options `readAll` reads the whole list
 */
export function openEventClients(
  count: number,
  options: { port: number; readAll: () => Promise<FeedState>; signal: AbortSignal },
): EventClient[] {
  return Array.from({ length: count }, () => openEventClient(options))
}

/** Reads the list. */
export async function readList(url: string): Promise<FeedState> {
  const page = GenerationPage.parse(await (await fetch(new URL('/api/generations?limit=100', url))).json())
  return new Map(page.generations.map(one => [one.id, { version: one.version, hash: Bun.hash(JSON.stringify(one)) }]))
}

function openEventClient({
  port,
  readAll,
  signal,
}: {
  port: number
  readAll: () => Promise<FeedState>
  signal: AbortSignal
}): EventClient {
  const known = new Map<string, { version: number; hash: bigint | number }>()
  const client: EventClient = { shown: new Map(), resyncs: 0, connections: 0, state: 'disconnected', close: () => {} }
  let lastEventId: string | undefined
  const show = (id: string, version: number, hash: bigint | number) => {
    if ((known.get(id)?.version ?? 0) > version) return
    known.set(id, { version, hash })
    client.shown.set(id, hash)
  }
  const refresh = async () => {
    for (const [id, { version, hash }] of await readAll()) show(id, version, hash)
  }
  const onEvent = ({ name, id, data }: SseEvent) => {
    if (client.state === 'disconnected') onOpen()
    lastEventId = id ?? lastEventId
    if (name === 'resync') client.resyncs++
    if (name === 'resync') void retryUntilDone(refresh, signal)
    if (name !== 'generation') return
    const generation = JSON.parse(data)
    show(generation.id, generation.version, Bun.hash(JSON.stringify(generation)))
  }
  const onOpen = () => {
    client.state = 'open'
    client.connections++
    if (client.connections === 1) void retryUntilDone(refresh, signal)
  }
  const maintainConnection = async () => {
    while (!signal.aborted) {
      const { promise: closed, resolve } = Promise.withResolvers<void>()
      const events: EventStream | null = await openEventStream({ port, lastEventId, onEvent, onClose: resolve }).catch(
        () => null,
      )
      client.close = () => events?.close()
      if (signal.aborted) events?.close()
      if (events) await closed
      client.state = 'disconnected'
      await sleep(RETRY_MS * (1 + Math.random()), signal)
    }
  }
  signal.addEventListener('abort', () => client.close())
  void maintainConnection()
  return client
}

/** Until it works: the studio may be starting again. */
async function retryUntilDone(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const state = await work().then(
      () => 'done',
      () => 'failed',
    )
    if (state === 'done') return
    await sleep(RETRY_MS, signal)
  }
}
