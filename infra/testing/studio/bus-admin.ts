import { STREAMS } from '@darkroom/contracts/subjects'
import { connect, type JetStreamManager, type NatsConnection } from 'nats'
import { toAccessOptions } from '../../src/bus/access.ts'

/** Administrative access to the bus, independent of the services. */
export interface BusAdmin extends AsyncDisposable {
  /** Publishes a message verbatim, with an id of its own. */
  publish(subject: string, data: Uint8Array | string): Promise<void>
  /** Counts the messages of all consumers that are not delivered or not acknowledged. */
  countPending(): Promise<number>
  /** Returns the ids of all messages of a stream. */
  listMessageIds(stream: 'jobs' | 'events'): Promise<Set<string>>
  /** Returns the name of the server that leads a stream; undefined while there is none, or without a cluster. */
  findLeader(stream: 'jobs' | 'events'): Promise<string | undefined>
  deleteConsumers(): Promise<void>
  deleteStream(stream: 'jobs' | 'events'): Promise<void>
}

const MSG_ID = 'Nats-Msg-Id'

/** Connects to a server, or to one of a cluster's. The connection reconnects by itself. @param url addresses by commas */
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
    findLeader: async stream => (await manager.streams.info(STREAMS[stream].name)).cluster?.leader || undefined,
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
  return await connect({ ...toAccessOptions({ url }), maxReconnectAttempts: -1, reconnectTimeWait: 100 })
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
