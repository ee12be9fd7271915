import type { BusMessage } from '@darkroom/contracts/events'
import { STREAMS, type StreamKey } from '@darkroom/contracts/subjects'
import {
  AckPolicy,
  type ConnectionOptions,
  connect,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  type NatsConnection,
  nanos,
  RetentionPolicy,
  StorageType,
} from 'nats'
import { withDeadline } from './deadline.ts'
import type { Log } from './log.ts'

export interface Published {
  stream: string
  sequence: number
  duplicate: boolean
}

/** One message of a lane. Each ends in exactly one of `ack`, `later` and `discard`; long work says `working`. */
export interface Delivery {
  data: unknown
  ack(): Promise<void>
  later(milliseconds: number): void
  discard(reason: string): void
  working(): void
}

/** One message of the events stream. */
export interface Notice {
  subject: string
  sequence: number
  data: unknown
}

export type Bus = Awaited<ReturnType<typeof openBus>>

const SECOND = 1_000
const DAY = 24 * 3_600 * SECOND
const ANSWER_MS = 2_000

const RETENTION: Record<StreamKey, { maxAge: number; maxBytes: number }> = {
  jobs: { maxAge: 7 * DAY, maxBytes: 64 * 1024 * 1024 },
  events: { maxAge: DAY, maxBytes: 64 * 1024 * 1024 },
}

/**
 * Connects to NATS, for ever: a bus that goes away is waited for. Nothing that only the bus knows may matter, because
 * everything on it can be made again from the database.
 *
 * @param options `url` may carry user and password; `name` shows in the server's monitoring
 */
export async function openBus(options: { url: string; name: string; log: Log }) {
  const connection = await connect(connectionOptions(options.url, options.name))
  const jetstream = connection.jetstream({ timeout: ANSWER_MS })
  const manager = await connection.jetstreamManager({ timeout: 5 * SECOND })
  const link = watchLink(connection, options.log)
  return {
    ensureStreams: () => ensureStreams(manager),
    publish: (subject: string, message: BusMessage, id: string) => publish(jetstream, subject, message, id),
    lane: (lane: { consumer: string; subject: string; ackWaitSeconds: number }) => openLane(jetstream, manager, lane),
    notices: (from: { sequence: number } | 'new', signal: AbortSignal) => notices(jetstream, from, signal),
    lastSequence: async () => (await manager.streams.info(STREAMS.events.name)).state.last_seq,
    isConnected: link.isUp,
    serverVersion: () => connection.info?.version ?? 'unknown',
    drain: () => connection.drain(),
    close: () => connection.close(),
  }
}

function connectionOptions(url: string, name: string): ConnectionOptions {
  const { host, username, password, protocol } = new URL(url)
  return {
    servers: host,
    name,
    ...(username ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : {}),
    ...(protocol === 'tls:' ? { tls: {} } : {}),
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    // The defaults notice a frozen server after four minutes.
    pingInterval: 2 * SECOND,
    maxPingOut: 2,
    timeout: 5 * SECOND,
  }
}

async function ensureStreams(manager: JetStreamManager): Promise<void> {
  for (const [key, stream] of Object.entries(STREAMS) as [StreamKey, (typeof STREAMS)[StreamKey]][]) {
    const config = {
      name: stream.name,
      subjects: [...stream.subjects],
      // Work-queue retention leaves acknowledged messages behind for ever after a broker was killed.
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      max_age: nanos(RETENTION[key].maxAge),
      max_bytes: RETENTION[key].maxBytes,
      // As long as a relay may be away and still publish twice.
      duplicate_window: nanos(3_600 * SECOND),
    }
    await manager.streams.add(config).catch(() => manager.streams.update(stream.name, config))
  }
}

async function publish(
  jetstream: JetStreamClient,
  subject: string,
  message: BusMessage,
  id: string,
): Promise<Published> {
  const ack = await jetstream.publish(subject, JSON.stringify(message), { msgID: id })
  return { stream: ack.stream, sequence: ack.seq, duplicate: ack.duplicate }
}

/**
 * A provider's lane: a durable consumer that all processors share. One message is pulled for each free slot and never more:
 * what is prefetched times out while it waits, and is worked on twice.
 */
async function openLane(
  jetstream: JetStreamClient,
  manager: JetStreamManager,
  lane: { consumer: string; subject: string; ackWaitSeconds: number },
) {
  await manager.consumers.add(STREAMS.jobs.name, {
    durable_name: lane.consumer,
    filter_subject: lane.subject,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(lane.ackWaitSeconds * SECOND),
    // How often something may fail is counted in the row: a message that ran out would stay behind unseen.
    max_deliver: -1,
    max_ack_pending: 10_000,
  })
  const consumer = await jetstream.consumers.get(STREAMS.jobs.name, lane.consumer)
  return {
    /**
     * The next message, or null if none came within `milliseconds` or before `signal` was aborted. Throws when the consumer
     * or the bus is gone.
     */
    next: async (milliseconds: number, signal: AbortSignal): Promise<Delivery | null> => {
      const message = await untilAborted(consumer.next({ expires: milliseconds }), signal)
      if (message) return toDelivery(message)
      // An empty pull looks the same whether there was no work or there is no consumer.
      const asked = withDeadline(consumer.info(), { milliseconds: ANSWER_MS, what: 'asking after a lane', signal })
      await asked.catch(err => {
        if (!signal.aborted) throw err
      })
      return null
    },
  }
}
export type Lane = Awaited<ReturnType<typeof openLane>>

/** A pull cannot be called off: what it still brings goes back at once. */
async function untilAborted(pulled: Promise<JsMsg | null>, signal: AbortSignal): Promise<JsMsg | null> {
  const { promise: aborted, resolve } = Promise.withResolvers<null>()
  const abort = () => resolve(null)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  const message = await Promise.race([pulled, aborted]).finally(() => signal.removeEventListener('abort', abort))
  if (signal.aborted && !message) void pulled.then(late => late?.nak(0)).catch(() => {})
  return message
}

function toDelivery(message: JsMsg): Delivery {
  return {
    data: parse(message),
    ack: async () => {
      await message.ackAck()
    },
    later: milliseconds => message.nak(milliseconds),
    // A server before 2.10 does not know a term that has a reason, and sends the message again for ever.
    discard: () => message.term(),
    working: () => message.working(),
  }
}

/** Every event from a place in the stream on, in order, until the signal is aborted or the bus breaks off. */
async function* notices(
  jetstream: JetStreamClient,
  from: { sequence: number } | 'new',
  signal: AbortSignal,
): AsyncGenerator<Notice> {
  const start =
    from === 'new'
      ? { deliver_policy: DeliverPolicy.New }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.sequence }
  const consumer = await jetstream.consumers.get(STREAMS.events.name, start)
  const messages = await consumer.consume({ max_messages: 256, expires: 10 * SECOND, abort_on_missing_resource: true })
  const stop = () => messages.stop()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    for await (const message of messages) {
      yield { subject: message.subject, sequence: message.seq, data: parse(message) }
    }
  } finally {
    signal.removeEventListener('abort', stop)
    messages.stop()
  }
}

/** What a message says, or undefined if it is not JSON: the schema then refuses it like anything else that is wrong. */
function parse(message: JsMsg): unknown {
  try {
    return message.json()
  } catch {
    return undefined
  }
}

/** Follows the connection's state. An empty pull looks the same whether there is no work or no server; this does not. */
function watchLink(connection: NatsConnection, log: Log) {
  let state: 'up' | 'down' = 'up'
  const follow = async () => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') state = 'down'
      if (status.type === 'reconnect') state = 'up'
      if (status.type !== 'pingTimer') log.info({ status: status.type }, 'bus')
    }
    state = 'down'
  }
  void follow()
  return { isUp: () => state === 'up' }
}
