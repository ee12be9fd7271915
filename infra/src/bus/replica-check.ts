import type { ConsumerInfo } from 'nats'

/** Time in which a replica of a consumer without work has caught up, in ms. */
const CATCH_UP_MS = 5_000
/** Longest time before another attempt, in ms. Each is a short pause for the messages, so one that did not help makes the next one later. */
const MAX_WAIT_MS = 600_000

/**
 * Creates the check of a consumer's replicas, which is called with the state of the consumer while it has no work. A replica that is
 * added may stay behind for ever (seen with nats-server 2.9, after a server has joined two others). When the leader is lost then, the
 * servers that are left need up to a minute to elect another one. Under another leader the replica catches up, so the leader steps down.
 *
 * @param options `stepDown`: asks the leader to step down
 */
export function createReplicaCheck(options: { stepDown: () => Promise<unknown>; now?: () => number }) {
  const { stepDown, now = () => performance.now() } = options
  let behindSince: number | undefined
  let waitMs = CATCH_UP_MS
  return async ({ cluster }: Pick<ConsumerInfo, 'cluster'>): Promise<void> => {
    const isBehind = cluster?.replicas?.some(({ current, offline }) => !current && !offline) ?? false
    behindSince = isBehind ? (behindSince ?? now()) : undefined
    if (behindSince === undefined) waitMs = CATCH_UP_MS
    if (behindSince === undefined || now() - behindSince < waitMs) return
    behindSince = now()
    waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)
    // A server whose configuration does not allow it refuses: the replica stays behind, as before.
    await stepDown().catch(() => {})
  }
}
