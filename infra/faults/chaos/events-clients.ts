import { GenerationPage } from '@darkroom/contracts/generation'
import { createLog } from '../../src/log.ts'
import { retry } from '../../src/runtime/retry.ts'
import { type RetryPolicy, retryDelay } from '../../src/runtime/retry-policies.ts'
import { runForever } from '../../src/runtime/run-forever.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { createReceivedCheck } from '../../testing/invariants/check-received-events.ts'
import { type EventStream, openEventStream, type SseEvent } from '../../testing/sse-reader.ts'

/** A page that follows the event stream and reconnects, as a browser does. */
export interface EventClient {
  /** Generations that it shows: the hash of the JSON by id. */
  shown: Map<string, bigint | number>
  /** Number of `resync` events. */
  resyncs: number
  connections: number
  /** Events that came doubled, or before an earlier one. */
  violations: string[]
  state: 'disconnected' | 'open'
  close(): void
}

export type FeedState = ReadonlyMap<string, { version: number; hash: bigint | number }>

const log = createLog({ service: 'test', level: 'silent' })
/** Jittered: a thousand clients would reconnect in step. */
const RECONNECT: RetryPolicy = { minMs: 200, baseMs: 200, maxMs: 200 }
const REFRESH: RetryPolicy = { minMs: 200, baseMs: 0, maxMs: 0 }

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
  const client: EventClient = {
    shown: new Map(),
    resyncs: 0,
    connections: 0,
    violations: [],
    state: 'disconnected',
    close: () => {},
  }
  let lastEventId: string | undefined
  let check = createReceivedCheck()
  const show = (id: string, version: number, hash: bigint | number) => {
    if ((known.get(id)?.version ?? 0) > version) return
    known.set(id, { version, hash })
    client.shown.set(id, hash)
  }
  const refresh = async () => {
    for (const [id, { version, hash }] of await readAll()) show(id, version, hash)
  }
  // The studio may be restarting.
  const refreshUntilDone = () => retry(refresh, { policy: REFRESH, signal }).catch(() => {})
  const onEvent = ({ name, id, data }: SseEvent) => {
    if (client.state === 'disconnected') onOpen()
    lastEventId = id ?? lastEventId
    if (name === 'resync') client.resyncs++
    if (name === 'resync') void refreshUntilDone()
    const generation = name === 'generation' ? JSON.parse(data) : undefined
    client.violations.push(...check.receive({ name, id }, generation))
    if (!generation) return
    show(generation.id, generation.version, Bun.hash(JSON.stringify(generation)))
  }
  const onOpen = () => {
    client.state = 'open'
    client.connections++
    if (client.connections === 1) void refreshUntilDone()
  }
  const runConnection = async (): Promise<'idle'> => {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    check = createReceivedCheck()
    const events: EventStream = await openEventStream({ port, lastEventId, onEvent, onClose: resolve })
    client.close = () => events.close()
    if (signal.aborted) events.close()
    await closed
    client.state = 'disconnected'
    return 'idle'
  }
  signal.addEventListener('abort', () => client.close())
  const wait = (_: number, signal: AbortSignal) => sleep(retryDelay(RECONNECT, 1), signal)
  void runForever({ name: 'event_client', policy: RECONNECT, wait, log, signal }, runConnection)
  return client
}
