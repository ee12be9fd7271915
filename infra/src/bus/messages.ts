import {
  AckPolicy,
  type ConsumerConfig,
  ConsumerEvents,
  type ConsumerMessages,
  DeliverPolicy,
  Events,
  nanos,
  type QueuedIterator,
  type Status,
} from 'nats'
import { untilAborted, withDeadline } from '../runtime/timers.ts'
import type { BusConnection } from './connection.ts'
import { decodeMessage } from './decode.ts'

const SECOND = 1_000
/**
 * Time of a request for messages, and of a heartbeat of the server that has none to deliver, in ms. Twice without a heartbeat, the
 * consumer counts as lost. The consumer of a server that is alone is lost with its connection, which `pingServer` notices; where
 * JetStream alone has ended there, that takes half a minute.
 */
const PULL_MS = {
  alone: { expires: 20 * SECOND, idle_heartbeat: 10 * SECOND },
  ofCluster: { expires: 10 * SECOND, idle_heartbeat: 1.5 * SECOND },
}
/** A consumer that nobody pulls from is removed by the server after this time. */
const INACTIVE_MS = 30 * SECOND
/** Time in which a consumer is there. A cluster without a leader creates none, and tells nobody. */
const OPEN_MS = 3 * SECOND

/** One message of a stream. */
export interface Message {
  subject: string
  sequence: number
  /** The id that it was published under; undefined if it had none. */
  id: string | undefined
  data: unknown
}

/** Selects messages of a stream. Absent `subject`: every subject. Absent `from`: new messages only. */
export interface ConsumeOptions {
  stream: string
  subject?: string
  from?: { sequence: number }
}

const CONSUME_OPTIONS = { max_messages: 256, abort_on_missing_resource: true }

type Connection = Pick<BusConnection, 'nats' | 'jetstream' | 'manager'>

/** Signs that a consumer is gone. The driver would look for it again by itself, with pauses of up to ten seconds. */
const SIGNS_OF_LOSS: readonly string[] = [
  ConsumerEvents.HeartbeatsMissed,
  ConsumerEvents.ConsumerNotFound,
  ConsumerEvents.StreamNotFound,
  ConsumerEvents.ConsumerDeleted,
  ConsumerEvents.NoResponders,
  Events.Disconnect,
]

/**
 * Yields the selected messages in order, until the signal is aborted. The consumer is in the memory of one server of a cluster: when that
 * is gone, the caller begins again after the last message.
 *
 * @throws Error when the consumer is lost, or a message of it, or it cannot be created; NatsError if the server refuses it
 */
export async function* consumeMessages(
  connection: Connection,
  options: ConsumeOptions,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  const { stream } = options
  if (signal.aborted) return
  const name = `reader-${crypto.randomUUID()}`
  await using stack = new AsyncDisposableStack()
  // Without waiting for the answer: one that is not deleted is removed by the server later.
  stack.defer(() => void connection.manager.consumers.delete(stream, name).catch(() => {}))
  const subscription = await openSubscription(connection, name, options, signal)
  if (!subscription) return
  const lost = watchForLoss(connection, subscription, signal)
  stack.defer(lost.stop)
  let delivered = 0
  for await (const message of subscription) {
    delivered += 1
    if (message.info.deliverySequence !== delivered) throw new Error(`a message of stream ${stream} was not delivered`)
    const id = message.headers?.get('Nats-Msg-Id') || undefined
    yield { subject: message.subject, sequence: message.seq, id, data: decodeMessage(message) }
  }
  if (!signal.aborted) throw new Error(`the consumer of stream ${stream} is lost: ${lost.reason() ?? 'it ended'}`)
}

/** @returns undefined if the signal is aborted before */
async function openSubscription(
  { nats, jetstream, manager }: Connection,
  name: string,
  options: ConsumeOptions,
  signal: AbortSignal,
): Promise<ConsumerMessages | undefined> {
  const open = async () => {
    await manager.consumers.add(options.stream, createConsumerConfig(name, options))
    const consumer = await jetstream.consumers.get(options.stream, name)
    const subscription = await consumer.consume({ ...CONSUME_OPTIONS, ...selectPullTimes(nats) })
    if (gone.signal.aborted) subscription.stop()
    return subscription
  }
  const gone = new AbortController()
  const limits = { milliseconds: OPEN_MS, operation: `opening a consumer of stream ${options.stream}` }
  try {
    return await untilAborted(withDeadline(open(), limits), signal)
  } catch (error) {
    gone.abort()
    if (signal.aborted) return undefined
    throw error
  }
}

/** Selects the times of requests by whether the server belongs to a cluster, as it says itself. */
export function selectPullTimes({ info }: { info?: { cluster?: string } | undefined }) {
  return info?.cluster ? PULL_MS.ofCluster : PULL_MS.alone
}

function createConsumerConfig(name: string, { subject, from }: ConsumeOptions): Partial<ConsumerConfig> {
  return {
    name,
    ack_policy: AckPolicy.None,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: nanos(INACTIVE_MS),
    ...(from
      ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.sequence }
      : { deliver_policy: DeliverPolicy.New }),
    ...(subject ? { filter_subject: subject } : {}),
  }
}

/** Ends a subscription whose consumer is gone, or when the signal is aborted. */
function watchForLoss({ nats }: Connection, subscription: ConsumerMessages, signal: AbortSignal) {
  let reason: string | undefined
  // The type leaves out that it can be ended.
  const connectionStatus = nats.status() as QueuedIterator<Status>
  const watch = async (events: AsyncIterable<{ type: string }>) => {
    for await (const { type } of events) {
      if (!SIGNS_OF_LOSS.includes(type)) continue
      reason ??= type
      return subscription.stop()
    }
  }
  const stop = () => {
    signal.removeEventListener('abort', stop)
    connectionStatus.stop()
    subscription.stop()
  }
  void subscription
    .status()
    .then(watch)
    .catch(() => {})
  void watch(connectionStatus).catch(() => {})
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  return { reason: () => reason, stop }
}
