import type { NatsConnection } from 'nats'
import { withDeadline } from '../runtime/timers.ts'
import { decodeMessage } from './decode.ts'
import type { Message } from './messages.ts'

/** A message of core NATS: it reaches whoever is subscribed at that time, and is stored nowhere. */
export type TransientMessage = Pick<Message, 'subject' | 'data'>

const FLUSH_TIMEOUT_MS = 2_000

/**
 * Publishes a message of core NATS.
 *
 * @returns once the server has received it. A caller that waits for this before its next message never has more than one in memory
 * @throws Error if the server does not respond
 */
export async function publishTransient(nats: NatsConnection, subject: string, data: unknown): Promise<void> {
  nats.publish(subject, data === undefined ? undefined : JSON.stringify(data))
  await withDeadline(nats.flush(), { milliseconds: FLUSH_TIMEOUT_MS, operation: `publishing to ${subject}` })
}

/** Subscribes to messages of core NATS until the signal is aborted, also after a reconnect. Messages are handled as they arrive. */
export function subscribeTransient(
  nats: NatsConnection,
  subject: string,
  onMessage: (message: TransientMessage) => void,
  signal: AbortSignal,
): void {
  if (signal.aborted || nats.isClosed()) return
  const subscription = nats.subscribe(subject, {
    callback: (error, message) => {
      // The error of a subscription that is refused is in the log of the connection.
      if (!error) onMessage({ subject: message.subject, data: decodeMessage(message) })
    },
  })
  signal.addEventListener('abort', () => subscription.unsubscribe(), { once: true })
}
