import type { BusMessage } from '@darkroom/contracts/events'
import { STREAMS } from '@darkroom/contracts/subjects'
import type { JetStreamClient, JetStreamManager } from 'nats'
import { type Link, type LinkOptions, openLink } from './connection.ts'
import { openLane } from './consumer.ts'
import { clearRefusing } from './corrupt-stream.ts'
import { type Choice, messages } from './messages.ts'
import { found } from './null-if-not-found.ts'
import { ensureStreams } from './streams.ts'

export interface Published {
  stream: string
  sequence: number
  duplicate: boolean
}

export type Bus = ReturnType<typeof joinBus>

/** The bus was asked for something before it could be reached for the first time. */
export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError'
}

/** Connects to NATS and waits until that has succeeded, however long it takes. */
export async function openBus(options: LinkOptions): Promise<Bus> {
  const bus = joinBus(options)
  await bus.connected
  return bus
}

/**
 * Begins to connect to NATS, and stays connected for ever: a bus that is away is waited for. Until it is there for the first
 * time, whatever is asked of it is refused with `NotConnectedError`. Nothing that only the bus knows may matter, because
 * everything on it can be made again from the database.
 */
export function joinBus(options: LinkOptions) {
  const leaving = new AbortController()
  const seen = new Set<string>()
  let link: Link | undefined
  const connected = openLink(options, leaving.signal).then(opened => {
    link = opened
  })
  const linked = () => {
    if (!link) throw new NotConnectedError('the bus has not been reached yet')
    return link
  }
  const mended = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (link) await clearRefusing({ manager: link.manager, signal: leaving.signal }, error)
      throw error
    }
  }
  const leave = async (how: 'drain' | 'close') => {
    leaving.abort()
    await connected
    await link?.connection[how]()
  }
  return {
    /** Settles when the bus is there for the first time, or was left before. */
    connected,
    /** @throws Error, NatsError if they are not all there now */
    ensureStreams: async () => ensureStreams({ manager: linked().manager, signal: leaving.signal }, seen),
    publish: (subject: string, message: BusMessage, id: string) =>
      mended(() => publish(linked().jetstream, subject, message, id)),
    lane: (lane: { consumer: string; subject: string; ackWaitSeconds: number }) =>
      mended(() => openLane(linked().jetstream, linked().manager, lane)),
    /** Events: changes of generations, unless another subject is named. */
    notices: (from: { sequence: number } | 'new', signal: AbortSignal, subject?: string) =>
      messages(linked().jetstream, choiceOf(from, subject), signal),
    messages: (choice: Choice, signal: AbortSignal) => messages(linked().jetstream, choice, signal),
    backlog: async (consumer: string) => backlog(linked().manager, consumer),
    /** The first message that the stream of events still has, and the last that it was given. */
    eventBounds: async () => {
      const { state } = await linked().manager.streams.info(STREAMS.events.name)
      return { first: state.first_seq, last: state.last_seq }
    },
    isConnected: () => link?.isUp() ?? false,
    serverVersion: () => link?.connection.info?.version ?? 'unknown',
    drain: () => leave('drain'),
    close: () => leave('close'),
  }
}

function choiceOf(from: { sequence: number } | 'new', subject: string | undefined): Choice {
  return { stream: STREAMS.events.name, ...(from === 'new' ? {} : { from }), ...(subject ? { subject } : {}) }
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

/** Messages that a lane has still to bring or to have answered; 0 if it is not there. */
async function backlog(manager: JetStreamManager, consumer: string): Promise<number> {
  const info = await found(manager.consumers.info(STREAMS.jobs.name, consumer))
  return info ? info.num_pending + info.num_ack_pending : 0
}
