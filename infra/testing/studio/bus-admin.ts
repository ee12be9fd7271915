import { STREAMS } from '@darkroom/contracts/subjects'
import { connect, type JetStreamManager, type NatsConnection } from 'nats'

/** The bus as its operator sees it, past every service. */
export interface BusAdmin extends AsyncDisposable {
  /** Puts a message on the bus as it is, with an id of its own. */
  publish(subject: string, data: Uint8Array | string): Promise<void>
  /** Messages that a lane has not given out yet, or that nobody has acknowledged yet; of all lanes. */
  countPending(): Promise<number>
  /** The ids of all messages of a stream. */
  listMessageIds(stream: 'jobs' | 'events'): Promise<Set<string>>
  deleteConsumers(): Promise<void>
  deleteStream(stream: 'jobs' | 'events'): Promise<void>
}

const MSG_ID = 'Nats-Msg-Id'

/** Looks at a server for as long as it is the same one; a connection that breaks comes back. */
export async function openBusAdmin(url: string): Promise<BusAdmin> {
  const connection = await connectNats(url)
  const manager = await connection.jetstreamManager()
  const jetstream = connection.jetstream()
  return {
    publish: async (subject, data) => {
      await jetstream.publish(subject, typeof data === 'string' ? new TextEncoder().encode(data) : data, {
        msgID: crypto.randomUUID(),
      })
    },
    countPending: async () => {
      const consumers = await listConsumers(manager)
      return consumers.reduce((sum, consumer) => sum + consumer.num_pending + consumer.num_ack_pending, 0)
    },
    listMessageIds: stream => listMessageIds(connection, manager, STREAMS[stream].name),
    deleteConsumers: async () => {
      for (const { name } of await listConsumers(manager)) await manager.consumers.delete(STREAMS.jobs.name, name)
    },
    deleteStream: async stream => {
      await manager.streams.delete(STREAMS[stream].name)
    },
    [Symbol.asyncDispose]: () => connection.close(),
  }
}

async function connectNats(url: string): Promise<NatsConnection> {
  const { host, username, password } = new URL(url)
  return await connect({
    servers: host,
    user: decodeURIComponent(username),
    pass: decodeURIComponent(password),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  })
}

async function listConsumers(manager: JetStreamManager) {
  const consumers = await Array.fromAsync(manager.consumers.list(STREAMS.jobs.name))
  return consumers.filter(({ config }) => config.durable_name !== undefined)
}

async function listMessageIds(
  connection: NatsConnection,
  manager: JetStreamManager,
  stream: string,
): Promise<Set<string>> {
  const { state } = await manager.streams.info(stream)
  const ids = new Set<string>()
  if (state.messages === 0) return ids
  const consumer = await connection.jetstream().consumers.get(stream)
  const messages = await consumer.consume({ max_messages: 1_000 })
  for await (const message of messages) {
    ids.add(message.headers?.get(MSG_ID) ?? '')
    if (message.info.pending === 0) break
  }
  return ids
}
