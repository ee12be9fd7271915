import type { NatsConnection } from 'nats'
import type { Activity } from '../database/activity.ts'
import { DeadlineError, sleep, withDeadline } from '../runtime/timers.ts'

const PING_MS = 2_000

/**
 * Checks periodically that the server responds, and reconnects when it does not, until the signal is aborted. The driver's own pings
 * are as frequent in a quiet studio as in a busy one.
 *
 * @param options `activity` absent: pings are as frequent in a quiet studio
 */
export async function pingServer(
  nats: Pick<NatsConnection, 'flush' | 'reconnect'>,
  options: {
    activity: Pick<Activity, 'wait'> | undefined
    isConnected: () => boolean
    signal: AbortSignal
    pongTimeoutMs: number
  },
): Promise<void> {
  const { isConnected, signal, pongTimeoutMs } = options
  const wait = options.activity?.wait ?? sleep
  while (!signal.aborted) {
    await wait(PING_MS, signal)
    if (signal.aborted || !isConnected()) continue
    const pong = withDeadline(nats.flush(), { milliseconds: pongTimeoutMs, operation: 'a ping of the bus', signal })
    // A connection that broke meanwhile reconnects by itself.
    await pong.catch(err => (err instanceof DeadlineError ? nats.reconnect().catch(() => {}) : undefined))
  }
}
