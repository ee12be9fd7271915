import type { Message } from '@darkroom/infra/bus/messages'
import type { Database } from '@darkroom/infra/database/connection'
import { messageId } from '@darkroom/infra/database/message-id'
import { createLog } from '@darkroom/infra/log'
import { checkReceivedEvents, type ReceivedEvent } from '@darkroom/infra/testing/invariants/check-received-events'
import { openEventStream } from '@darkroom/infra/testing/sse-reader'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { createLiveEvents, type LiveEventsDeps } from './live.ts'

const log = createLog({ service: 'test', level: 'silent' })
const WAIT_MS = 60_000

/** Creates a bus that delivers the messages of the outbox when it is told to. */
export function createLateBus(sql: Database) {
  const messages: Message[] = []
  let changed = Promise.withResolvers<void>()
  let state: 'up' | 'down' = 'up'
  const wake = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  return {
    bus: {
      eventBounds: async () => {
        if (state === 'down') throw new Error('no bus')
        return { first: 1, last: messages.length, isReplicated: false }
      },
      async *consumeEvents(from: { sequence: number } | 'new', signal: AbortSignal) {
        signal.addEventListener('abort', wake, { once: true })
        for (let at = from === 'new' ? messages.length : from.sequence - 1; !signal.aborted; ) {
          const message = messages[at]
          if (message) yield message
          if (message) at += 1
          else await changed.promise
        }
      },
      publishTransient: async () => {},
      subscribeTransient: async () => {},
    } satisfies LiveEventsDeps['bus'],
    setState: (next: 'up' | 'down') => {
      state = next
    },
    /** Delivers the oldest messages of the outbox that were not delivered. */
    deliver: async (count: number) => {
      const rows = await sql<{ id: number; subject: string; payload: unknown; at: number }[]>`
        update outbox set published_at = now() where id in (
          select id from outbox where published_at is null and subject like 'events.%' order by id limit ${count})
        returning id, subject, payload, (extract(epoch from created_at) * 1000000)::bigint as at`
      for (const { subject, payload, ...row } of rows.toSorted((one, other) => one.id - other.id))
        messages.push({ subject, sequence: messages.length + 1, id: messageId(row), data: payload })
      wake()
    },
    /** Loses all messages. */
    lose: () => {
      messages.length = 0
    },
  }
}

/** Starts live events of a bus that is late, whose tail reads when it is told to. */
export function startLateEvents(
  { sql, late }: { sql: Database; late: ReturnType<typeof createLateBus> },
  options: Partial<LiveEventsDeps> = {},
) {
  const stopping = new AbortController()
  let tick = Promise.withResolvers<void>()
  let reads = 0
  const wait = async (ms: number, signal: AbortSignal) => {
    // The follower's own comparison has another pause.
    if (ms > 100) return await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    reads += 1
    await Promise.race([tick.promise, new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))])
  }
  const live = createLiveEvents({
    database: sql,
    bus: late.bus,
    activity: { wait },
    log,
    maxStreams: 100,
    signal: stopping.signal,
    tail: { pollMs: 1, graceMs: 0 },
    ...options,
  })
  const running = live.run()
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    fetch: request => {
      const { headers } = request
      const identity = { workspaceId: headers.get('x-workspace') ?? '', admin: headers.has('x-admin') }
      return live.open(identity, headers.get('last-event-id'), () => {})
    },
  })
  return {
    /** Has the outbox read once, to the end. */
    readTail: async () => {
      const before = reads
      tick.resolve()
      tick = Promise.withResolvers()
      await waitFor('The tail', WAIT_MS, async () => reads > before, 1)
    },
    connect: async (workspaceId: string, options: { lastEventId?: string; isAdmin?: boolean } = {}) => {
      const admin = options.isAdmin ? { 'x-admin': 'yes' } : {}
      return await openClient(server.port ?? 0, { 'x-workspace': workspaceId, ...admin }, options.lastEventId)
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      await running
      await server.stop(true)
    },
  }
}

export type LateClient = Awaited<ReturnType<typeof openClient>>

async function openClient(port: number, headers: Record<string, string>, lastEventId?: string) {
  const events: ReceivedEvent[] = []
  const stream = await openEventStream({ port, lastEventId, headers, onEvent: event => void events.push(event) })
  const until = async (what: string, isSo: () => boolean) => await waitFor(what, WAIT_MS, async () => isSo(), 2)
  await until('The greeting', () => events.length > 0)
  const position = () => events.findLast(({ id }) => id !== undefined)?.id ?? lastEventId
  return {
    close: stream.close,
    position,
    until,
    violations: () => checkReceivedEvents(events),
    /** Returns the newest version of a generation that was received. */
    version: (id: string) =>
      Math.max(0, ...events.flatMap(({ name, data }) => (name === 'generation' ? readVersion(data, id) : []))),
    /** Returns the names of the events but the greeting's, those with an id marked so. */
    names: () =>
      events
        .toSpliced(
          events.findIndex(({ name }) => name === undefined),
          1,
        )
        .map(({ name = 'position', id }) => (id === undefined ? name : `${name}+id`)),
  }
}

function readVersion(data: string, id: string): number[] {
  const generation = JSON.parse(data) as { id: string; version: number }
  return generation.id === id ? [generation.version] : []
}
