import { STREAMS } from '@darkroom/contracts/subjects'
import {
  AckPolicy,
  type Consumer,
  type ConsumerInfo,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  type NatsConnection,
  nanos,
} from 'nats'
import { withDeadline } from '../runtime/timers.ts'
import { decodeMessage } from './decode.ts'
import { createReplicaCheck } from './replica-check.ts'
import type { RequestHealth } from './request-health.ts'

const SECOND = 1_000
const REQUEST_TIMEOUT_MS = 2_000

/** A delivery of a message. Each ends in exactly one of `ack`, `nak` and `term`; long work calls `working` to extend the ack wait. */
export interface Delivery {
  /** The decoded JSON; undefined if the message is not JSON. */
  data: unknown
  /** Acknowledges the message and waits until the server has confirmed it. */
  ack(): Promise<void>
  /** Requests a redelivery after `milliseconds`. */
  nak(milliseconds: number): void
  /** Discards the message: it is never redelivered. */
  term(): void
  /** Restarts the ack wait. */
  working(): void
}

/** A durable consumer of the stream of jobs. */
export interface JobConsumerOptions {
  name: string
  subject: string
  /** Time without `ack` or `working` after which a message is redelivered. */
  ackWaitSeconds: number
}

type JobConsumerDeps = { nats: NatsConnection; jetstream: JetStreamClient; manager: JetStreamManager } & RequestHealth

/**
 * Opens a durable consumer that several processes share. One message is pulled for each free slot, never more: a prefetched message
 * could exceed its ack wait in the queue and would be processed twice.
 */
export async function openJobConsumer(
  { nats, jetstream, manager, observe }: JobConsumerDeps,
  options: JobConsumerOptions,
) {
  await ensureConsumer(manager, options)
  const consumer = await jetstream.consumers.get(STREAMS.jobs.name, options.name)
  const request = `$JS.API.CONSUMER.LEADER.STEPDOWN.${STREAMS.jobs.name}.${options.name}`
  const stepDown = () => nats.request(request, undefined, { timeout: REQUEST_TIMEOUT_MS })
  const checkReplicas = createReplicaCheck({ stepDown })
  return {
    /**
     * Pulls the next message. Returns null if none arrives within `milliseconds` or before the signal is aborted.
     *
     * @throws Error, NatsError if the consumer or the bus is gone, or if the consumer has pending messages but delivers none
     */
    next: async (milliseconds: number, signal: AbortSignal): Promise<Delivery | null> => {
      const message = await untilAborted(consumer.next({ expires: milliseconds }), signal)
      if (message) return toDelivery(message)
      // An empty pull looks the same whether there was no work or there is no consumer.
      const info = await readIdleState({ consumer, observe }, options.name, signal).catch(err => {
        if (!signal.aborted) throw err
      })
      if (info) await checkReplicas(info)
      return null
    },
  }
}
export type JobConsumer = Awaited<ReturnType<typeof openJobConsumer>>

/**
 * Creates the consumer if it does not exist. A consumer whose position is beyond the end of its stream remains from before the stream
 * lost its tail. It would skip every message until the sequence numbers have caught up, so it is deleted and created again.
 */
async function ensureConsumer(manager: JetStreamManager, options: JobConsumerOptions): Promise<void> {
  const config = {
    durable_name: options.name,
    filter_subject: options.subject,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(options.ackWaitSeconds * SECOND),
    // Failures are counted in the row. A message beyond `max_deliver` would stay in the stream without being delivered.
    max_deliver: -1,
    max_ack_pending: 10_000,
  }
  const { delivered } = await manager.consumers.add(STREAMS.jobs.name, config)
  const { state } = await manager.streams.info(STREAMS.jobs.name)
  if (delivered.stream_seq <= state.last_seq) return
  await manager.consumers.delete(STREAMS.jobs.name, options.name)
  await manager.consumers.add(STREAMS.jobs.name, config)
}

/** Returns the state of a consumer that has delivered nothing. @throws Error if it has pending messages; NatsError if it is gone */
async function readIdleState(
  { consumer, observe }: { consumer: Consumer } & RequestHealth,
  name: string,
  signal: AbortSignal,
): Promise<ConsumerInfo> {
  const operation = `requesting the state of consumer ${name}`
  const info = await observe(() =>
    withDeadline(consumer.info(), { milliseconds: REQUEST_TIMEOUT_MS, operation, signal }),
  )
  // A message that arrived a moment ago counts as well: opening the consumer again is cheap.
  if (info.num_pending > 0) {
    throw new Error(`consumer ${name} has ${info.num_pending} pending messages but delivered none`)
  }
  return info
}

/** Waits for a pull or the signal. A pull cannot be cancelled, so a message that it still delivers is returned to the consumer. */
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
    // Without a reason: a server before 2.10 does not know a term with a reason, and would redeliver the message without end.
    term: () => message.term(),
    working: () => message.working(),
  }
}
