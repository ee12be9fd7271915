import { STREAMS } from '@darkroom/contracts/subjects'
import { DeliverPolicy, type JetStreamClient } from 'nats'
import { dataOf } from './data.ts'

const EXPIRES_MS = 10_000

/** One message of the events stream. */
export interface Notice {
  subject: string
  sequence: number
  data: unknown
}

/**
 * Every event from a place in the stream on, in order, until the signal is aborted or the bus breaks off.
 *
 * @param subject whose events; all unless given
 */
export async function* notices(
  jetstream: JetStreamClient,
  from: { sequence: number } | 'new',
  signal: AbortSignal,
  subject?: string,
): AsyncGenerator<Notice> {
  const start =
    from === 'new'
      ? { deliver_policy: DeliverPolicy.New }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.sequence }
  const filter = subject === undefined ? {} : { filterSubjects: subject }
  const consumer = await jetstream.consumers.get(STREAMS.events.name, { ...start, ...filter })
  const messages = await consumer.consume({ max_messages: 256, expires: EXPIRES_MS, abort_on_missing_resource: true })
  const stop = () => messages.stop()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    for await (const message of messages) {
      yield { subject: message.subject, sequence: message.seq, data: dataOf(message) }
    }
  } finally {
    signal.removeEventListener('abort', stop)
    messages.stop()
  }
}
