import type { BusMessage } from '@darkroom/contracts/events'
import { STREAMS } from '@darkroom/contracts/subjects'
import type { JetStreamClient, JetStreamManager } from 'nats'
import type { Log } from '../log.ts'
import { withDeadline } from '../runtime/timers.ts'
import { type BusConnection, type BusOptions, openBusConnection } from './connection.ts'
import { type JobConsumerOptions, openJobConsumer } from './consumer.ts'
import { deleteCorruptStream } from './corrupt-stream.ts'
import { type ConsumeOptions, consumeMessages } from './messages.ts'
import { nullIfNotFound } from './null-if-not-found.ts'
import { createRequestHealth } from './request-health.ts'
import { checkStreams, ensureStreams } from './streams.ts'
import { publishTransient, subscribeTransient, type TransientMessage } from './transient-messages.ts'

/** JetStream's acknowledgement of a published message. */
export interface PublishAck {
  stream: string
  sequence: number
  /** Whether the stream already had a message of this id. */
  duplicate: boolean
}

export type Bus = ReturnType<typeof connectBus>

/** Time in which a server says where a stream ends, in ms. */
const BOUNDS_MS = 2_000

/** The error of a request that was made before the first connection to the bus. */
export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError'
}

/** Connects to NATS and waits, without a time limit, until the connection is there. */
export async function openBus(options: BusOptions): Promise<Bus> {
  const bus = connectBus(options)
  await bus.connected
  return bus
}

/**
 * Starts to connect to NATS and reconnects without end. Until the first connection every request throws `NotConnectedError`. Data
 * must never exist on the bus alone: everything on it can be published again from the database.
 */
export function connectBus(options: BusOptions) {
  const closing = new AbortController()
  const known = new Set<string>()
  const { replicas = 1, log } = options
  const connectListeners = new Set<() => void>()
  const notifyConnected = () => {
    for (const listener of connectListeners) listener()
  }
  let connection: BusConnection | undefined
  const connected = openBusConnection(options, closing.signal, notifyConnected).then(opened => {
    connection = opened
    if (opened) notifyConnected()
  })
  const requireConnection = () => {
    if (!connection) throw new NotConnectedError('the bus is not connected yet')
    return connection
  }
  const health = createRequestHealth({ onSilent: () => void connection?.moveToOtherServer() })
  const withStreamRepair = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await health.observe(work)
    } catch (error) {
      if (connection) await deleteCorruptStream({ manager: connection.manager, signal: closing.signal }, error)
      throw error
    }
  }
  const disconnect = async (method: 'drain' | 'close') => {
    closing.abort()
    await connected
    await connection?.nats[method]()
  }
  const reportReplicas = createReplicaReport({ replicas, log })
  const requireStreamAdmin = () => ({ manager: requireConnection().manager, signal: closing.signal })
  return {
    /** Resolves on the first connection, or when the bus is closed before. */
    connected,
    /** Calls the listener whenever there is a connection: the first time, and after each disconnect. @returns a function that removes it */
    onConnect: (listener: () => void): (() => void) => {
      connectListeners.add(listener)
      return () => connectListeners.delete(listener)
    },
    /** @throws Error, NatsError if a stream is still missing or corrupt */
    ensureStreams: async () =>
      reportReplicas(await health.observe(async () => ensureStreams(requireStreamAdmin(), { replicas, known }))),
    /** @throws Error, NatsError if a stream is missing, was corrupt and is deleted, or is to be on more servers: `ensureStreams` mends it */
    checkStreams: () => health.observe(async () => checkStreams(requireStreamAdmin(), { replicas })),
    publish: (subject: string, message: BusMessage, id: string) =>
      withStreamRepair(() => publish(requireConnection().jetstream, subject, message, id)),
    consumer: (options: JobConsumerOptions) =>
      withStreamRepair(() => openJobConsumer({ ...requireConnection(), observe: health.observe }, options)),
    /** Consumes the stream of events: all of it, or one subject. */
    consumeEvents: (from: { sequence: number } | 'new', signal: AbortSignal, subject?: string) =>
      consumeMessages(requireConnection(), eventConsumeOptions(from, subject), signal),
    consumeMessages: (options: ConsumeOptions, signal: AbortSignal) =>
      consumeMessages(requireConnection(), options, signal),
    /** Publishes to whoever is subscribed now. Nothing is sent, or kept for later, without a connection. */
    publishTransient: async (subject: string, data?: unknown) => {
      if (connection?.isConnected()) await publishTransient(connection.nats, subject, data)
    },
    /** Calls back with each message of core NATS, from the first connection on, until the signal is aborted. */
    subscribeTransient: async (
      subject: string,
      onMessage: (message: TransientMessage) => void,
      signal: AbortSignal,
    ) => {
      await connected
      if (connection) subscribeTransient(connection.nats, subject, onMessage, signal)
    },
    countBacklog: async (consumer: string) => countBacklog(requireConnection().manager, consumer),
    /**
     * Returns the sequences of the first message that the stream of events still has and of the last that it received, and whether
     * other servers have it as well.
     */
    eventBounds: () => health.observe(async () => readEventBounds(requireConnection().manager)),
    isConnected: () => connection?.isConnected() ?? false,
    serverVersion: () => connection?.nats.info?.version ?? 'unknown',
    drain: () => disconnect('drain'),
    close: () => disconnect('close'),
  }
}

/** Returns a function that logs when the streams are stored on another number of servers than before, where it is too few. */
function createReplicaReport({ replicas, log }: { replicas: number; log: Log }): (stored: number) => void {
  let reported = replicas
  return stored => {
    if (stored < replicas && stored !== reported) log.warn({ replicas, stored }, 'bus_has_too_few_servers')
    reported = stored
  }
}

async function readEventBounds(manager: JetStreamManager) {
  const info = manager.streams.info(STREAMS.events.name)
  const { state, cluster } = await withDeadline(info, { milliseconds: BOUNDS_MS, operation: 'the stream of events' })
  return { first: state.first_seq, last: state.last_seq, isReplicated: (cluster?.replicas ?? []).length > 0 }
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

/** Returns the number of messages that a consumer has not delivered or that are not acknowledged; 0 if it does not exist. */
async function countBacklog(manager: JetStreamManager, consumer: string): Promise<number> {
  const info = await nullIfNotFound(manager.consumers.info(STREAMS.jobs.name, consumer))
  return info ? info.num_pending + info.num_ack_pending : 0
}
