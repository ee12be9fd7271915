import { jobConsumerName, jobSubject } from '@darkroom/contracts/subjects'
import type { Bus } from '@darkroom/infra/bus/bus'
import type { Activity } from '@darkroom/infra/database/activity'
import { transaction } from '@darkroom/infra/database/transaction'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import { sleep } from '@darkroom/infra/runtime/timers'
import type { ProcessorMetrics } from '../metrics.ts'
import { type CancelCallDeps, cancelOpenCalls } from '../queue/cancel.ts'
import { setWaiting } from '../queue/waiting-reason.ts'
import { countUnfinished, enqueueLostJobs, findUnservedGenerations, isRelayBehind } from './reconcile-rows.ts'

export interface ReconcileDeps extends CancelCallDeps {
  bus: Pick<Bus, 'isConnected' | 'countBacklog'>
  metrics: Pick<ProcessorMetrics, 'reannounced'>
  /** Absent: it does not wait longer while there is nothing to do. */
  activity?: Pick<Activity, 'wait'>
  /** Average time between two runs, in ms; 2,000 unless given. */
  intervalMs?: number
}

const INTERVAL_MS = 2_000
/** Age of a job's last message before it is published again, when the bus has fewer messages than there are generations. */
const LOST_SECONDS = 3
/** The same when the bus has enough messages: one may be lost all the same, because a generation can have several. */
const POSSIBLY_LOST_SECONDS = 120

/**
 * Repairs losses of the bus until `stopping` is aborted: whatever the bus has lost is published again from the rows. Any
 * number of processes may do so at once.
 */
export async function reconcile(deps: ReconcileDeps): Promise<void> {
  const { intervalMs = INTERVAL_MS, activity, log, stopping } = deps
  let isSettled = false
  const wait = (ms: number, signal: AbortSignal) =>
    isSettled && activity ? activity.wait(ms, signal) : sleep(ms, signal)
  const options = {
    name: 'reconcile',
    policy: RETRY_POLICIES.reconcile,
    idleMs: intervalMs,
    wait,
    log,
    signal: stopping,
  }
  await runForever(options, async () => {
    isSettled = await reconcileOnce(deps)
    return 'idle'
  })
}

/** @returns whether every generation of these connections has ended, and nothing was to be cancelled */
async function reconcileOnce(deps: ReconcileDeps): Promise<boolean> {
  const cancelled = await cancelOpenCalls(deps)
  // Messages that are not published yet are not lost.
  if (!deps.bus.isConnected() || (await isRelayBehind(deps.database))) return false
  let unfinished = 0
  for (const { adapter } of deps.connections.list()) unfinished += await reconcileConnection(deps, adapter.connection)
  await markUnserved(deps)
  return cancelled + unfinished === 0
}

/** Marks generations whose connection is no longer served by any processor. Once it is, their jobs are published again. */
async function markUnserved({ database, connections }: Pick<ReconcileDeps, 'database' | 'connections'>): Promise<void> {
  const served = connections.list().map(({ adapter }) => adapter.connection)
  for (const generation of await findUnservedGenerations(database, served)) {
    await transaction(database, tx => setWaiting(tx, generation, { reason: 'not-configured', seconds: null }))
  }
}

/** @returns the number of the connection's generations that have not ended */
async function reconcileConnection(
  { database, bus, metrics, log }: Pick<ReconcileDeps, 'database' | 'bus' | 'metrics' | 'log'>,
  connection: string,
): Promise<number> {
  const unfinished = await countUnfinished(database, connection)
  if (unfinished === 0) return 0
  const [consumer, subject] = [jobConsumerName(connection), jobSubject(connection)]
  const messages = await bus.countBacklog(consumer)
  const seconds = messages < unfinished ? LOST_SECONDS : POSSIBLY_LOST_SECONDS
  const count = await enqueueLostJobs(database, { connection, subject, seconds })
  if (count === 0) return unfinished
  metrics.reannounced.inc(count)
  log.warn({ connection, consumer, subject, count, unfinished, messages }, 'lost_jobs_enqueued')
  return unfinished
}
