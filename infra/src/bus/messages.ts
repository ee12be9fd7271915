import { DeliverPolicy, type JetStreamClient } from 'nats'
import { dataOf } from './decode.ts'

const EXPIRES_MS = 10_000

/** One message of a stream. */
export interface Message {
  subject: string
  sequence: number
  data: unknown
}

/** Which messages of a stream: those of a subject, or all; from a place on, or only what is new. */
export interface Choice {
  stream: string
  subject?: string
  from?: { sequence: number }
}

/** Every message that was chosen, in order, until the signal is aborted or the bus breaks off. */
export async function* messages(
  jetstream: JetStreamClient,
  { stream, subject, from }: Choice,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  const start = from
    ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.sequence }
    : { deliver_policy: DeliverPolicy.New }
  const consumer = await jetstream.consumers.get(stream, { ...start, ...(subject ? { filterSubjects: subject } : {}) })
  const coming = await consumer.consume({ max_messages: 256, expires: EXPIRES_MS, abort_on_missing_resource: true })
  const stop = () => coming.stop()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    for await (const message of coming) {
      yield { subject: message.subject, sequence: message.seq, data: dataOf(message) }
    }
  } finally {
    signal.removeEventListener('abort', stop)
    coming.stop()
  }
}
