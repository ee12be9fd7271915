import { DeliverPolicy, type JetStreamClient } from 'nats'
import { decodeMessage } from './decode.ts'

const EXPIRES_MS = 10_000

/** One message of a stream. */
export interface Message {
  subject: string
  sequence: number
  data: unknown
}

/** Selects messages of a stream. Absent `subject`: every subject. Absent `from`: new messages only. */
export interface ConsumeOptions {
  stream: string
  subject?: string
  from?: { sequence: number }
}

/** Yields the selected messages in order, until the signal is aborted or the connection breaks. */
export async function* consumeMessages(
  jetstream: JetStreamClient,
  { stream, subject, from }: ConsumeOptions,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  const start = from
    ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.sequence }
    : { deliver_policy: DeliverPolicy.New }
  const consumer = await jetstream.consumers.get(stream, { ...start, ...(subject ? { filterSubjects: subject } : {}) })
  const subscription = await consumer.consume({
    max_messages: 256,
    expires: EXPIRES_MS,
    abort_on_missing_resource: true,
  })
  const stop = () => subscription.stop()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    for await (const message of subscription) {
      yield { subject: message.subject, sequence: message.seq, data: decodeMessage(message) }
    }
  } finally {
    signal.removeEventListener('abort', stop)
    subscription.stop()
  }
}
