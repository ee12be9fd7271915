import type { BusMessage } from '@darkroom/contracts/events'
import { STREAMS, type StreamKey } from '@darkroom/contracts/subjects'
import {
  type ConnectionOptions,
  connect,
  type JetStreamClient,
  type JetStreamManager,
  type NatsConnection,
  nanos,
  RetentionPolicy,
  StorageType,
} from 'nats'
import { openLane } from './bus/lane.ts'
import { notices } from './bus/notices.ts'
import type { Log } from './log.ts'

export interface Published {
  stream: string
  sequence: number
  duplicate: boolean
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
    notices: (from: { sequence: number } | 'new', signal: AbortSignal, subject?: string) =>
      notices(jetstream, from, signal, subject),
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
