import type { BusMessage } from '@darkroom/contracts/events'
import { STREAMS } from '@darkroom/contracts/subjects'
import type { JetStreamClient, JetStreamManager } from 'nats'
import { type BusConnection, type BusOptions, openBusConnection } from './connection.ts'
import { type JobConsumerOptions, openJobConsumer } from './consumer.ts'
import { deleteCorruptStream } from './corrupt-stream.ts'
import { type ConsumeOptions, consumeMessages } from './messages.ts'
import { nullIfNotFound } from './null-if-not-found.ts'
import { ensureStreams } from './streams.ts'

export interface PublishAck {
  stream: string
  sequence: number
  duplicate: boolean
}

export type Bus = ReturnType<typeof connectBus>

/** The bus was asked for something before it could be reached for the first time. */
export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError'
}

/** Connects to NATS and waits until that has succeeded, however long it takes. */
export async function openBus(options: BusOptions): Promise<Bus> {
  const bus = connectBus(options)
  await bus.connected
  return bus
}

/**
 * Begins to connect to NATS, and stays connected for ever: a bus that is away is waited for. Until it is there for the first
 * time, whatever is asked of it is refused with `NotConnectedError`. Nothing that only the bus knows may matter, because
 * everything on it can be made again from the database.
 */
export function connectBus(options: BusOptions) {
  const closing = new AbortController()
  const knownStreams = new Set<string>()
  let connection: BusConnection | undefined
  const connected = openBusConnection(options, closing.signal).then(opened => {
    connection = opened
  })
  const requireConnection = () => {
    if (!connection) throw new NotConnectedError('the bus has not been reached yet')
    return connection
  }
  const withStreamRepair = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (connection) await deleteCorruptStream({ manager: connection.manager, signal: closing.signal }, error)
      throw error
    }
  }
  const disconnect = async (how: 'drain' | 'close') => {
    closing.abort()
    await connected
    await connection?.nats[how]()
  }
  return {
    /** Settles when the bus is there for the first time, or was left before. */
    connected,
    /** @throws Error, NatsError if they are not all there now */
    ensureStreams: async () =>
      ensureStreams({ manager: requireConnection().manager, signal: closing.signal }, knownStreams),
    publish: (subject: string, message: BusMessage, id: string) =>
      withStreamRepair(() => publish(requireConnection().jetstream, subject, message, id)),
    consumer: (options: JobConsumerOptions) =>
      withStreamRepair(() => openJobConsumer(requireConnection().jetstream, requireConnection().manager, options)),
    /** Events: changes of generations, unless another subject is named. */
    consumeEvents: (from: { sequence: number } | 'new', signal: AbortSignal, subject?: string) =>
      consumeMessages(requireConnection().jetstream, eventConsumeOptions(from, subject), signal),
    consumeMessages: (options: ConsumeOptions, signal: AbortSignal) =>
      consumeMessages(requireConnection().jetstream, options, signal),
    countBacklog: async (consumer: string) => countBacklog(requireConnection().manager, consumer),
    /** The first message that the stream of events still has, and the last that it was given. */
    eventBounds: async () => {
      const { state } = await requireConnection().manager.streams.info(STREAMS.events.name)
      return { first: state.first_seq, last: state.last_seq }
    },
    isConnected: () => connection?.isConnected() ?? false,
    serverVersion: () => connection?.nats.info?.version ?? 'unknown',
    drain: () => disconnect('drain'),
    close: () => disconnect('close'),
  }
}

function eventConsumeOptions(from: { sequence: number } | 'new', subject: string | undefined): ConsumeOptions {
  return { stream: STREAMS.events.name, ...(from === 'new' ? {} : { from }), ...(subject ? { subject } : {}) }
}

async function publish(
  jetstream: JetStreamClient,
  subject: string,
  message: BusMessage,
  id: string,
): Promise<PublishAck> {
  const ack = await jetstream.publish(subject, JSON.stringify(message), { msgID: id })
  return { stream: ack.stream, sequence: ack.seq, duplicate: ack.duplicate }
}

/** Messages that a lane has still to bring or to have answered; 0 if it is not there. */
async function countBacklog(manager: JetStreamManager, consumer: string): Promise<number> {
  const info = await nullIfNotFound(manager.consumers.info(STREAMS.jobs.name, consumer))
  return info ? info.num_pending + info.num_ack_pending : 0
}
