import { STREAMS } from '@darkroom/contracts/subjects'
import {
  AckPolicy,
  type Consumer,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  nanos,
} from 'nats'
import { withDeadline } from '../runtime/timers.ts'
import { decodeMessage } from './decode.ts'

const SECOND = 1_000
const REQUEST_TIMEOUT_MS = 2_000

/** One message of a lane. Each ends in exactly one of `ack`, `later` and `discard`; long work says `working`. */
export interface Delivery {
  data: unknown
  ack(): Promise<void>
  nak(milliseconds: number): void
  term(): void
  working(): void
}

export interface JobConsumerOptions {
  name: string
  subject: string
  ackWaitSeconds: number
}

/**
 * A provider's lane: a durable consumer that all processors share. One message is pulled for each free slot and never more:
 * what is prefetched times out while it waits, and is worked on twice.
 */
export async function openJobConsumer(
  jetstream: JetStreamClient,
  manager: JetStreamManager,
  options: JobConsumerOptions,
) {
  await ensureConsumer(manager, options)
  const consumer = await jetstream.consumers.get(STREAMS.jobs.name, options.name)
  return {
    /**
     * The next message, or null if none came within `milliseconds` or before `signal` was aborted. Throws when the consumer
     * or the bus is gone, and when messages wait that it does not bring.
     */
    next: async (milliseconds: number, signal: AbortSignal): Promise<Delivery | null> => {
      const message = await untilAborted(consumer.next({ expires: milliseconds }), signal)
      if (message) return toDelivery(message)
      // An empty pull looks the same whether there was no work or there is no consumer.
      await assertNotStalled(consumer, signal).catch(err => {
        if (!signal.aborted) throw err
      })
      return null
    },
  }
}
export type JobConsumer = Awaited<ReturnType<typeof openJobConsumer>>

/**
 * Makes the lane's consumer if it is not there. One that stands further on than its stream ends was left behind by a stream
 * that lost its tail: it would pass over every message until the numbers have caught up, so it begins anew.
 */
async function ensureConsumer(manager: JetStreamManager, options: JobConsumerOptions): Promise<void> {
  const config = {
    durable_name: options.name,
    filter_subject: options.subject,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(options.ackWaitSeconds * SECOND),
    // How often something may fail is counted in the row: a message that ran out would stay behind unseen.
    max_deliver: -1,
    max_ack_pending: 10_000,
  }
  const { delivered } = await manager.consumers.add(STREAMS.jobs.name, config)
  const { state } = await manager.streams.info(STREAMS.jobs.name)
  if (delivered.stream_seq <= state.last_seq) return
  await manager.consumers.delete(STREAMS.jobs.name, options.name)
  await manager.consumers.add(STREAMS.jobs.name, config)
}

async function assertNotStalled(consumer: Consumer, signal: AbortSignal): Promise<void> {
  const info = await withDeadline(consumer.info(), {
    milliseconds: REQUEST_TIMEOUT_MS,
    operation: 'asking after a lane',
    signal,
  })
  // One that came just now is told of as well: to open a lane again costs little.
  if (info.num_pending > 0) throw new Error(`a lane brings nothing, and has messages: ${info.num_pending}`)
}

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
    data: decodeMessage(message),
    ack: async () => {
      await message.ackAck()
    },
    nak: milliseconds => message.nak(milliseconds),
    // A server before 2.10 does not know a term that has a reason, and sends the message again for ever.
    term: () => message.term(),
    working: () => message.working(),
  }
}
