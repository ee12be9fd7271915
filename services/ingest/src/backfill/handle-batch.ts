import type { BackfillBatch } from '@darkroom/contracts/history/backfill'
import type { Delivery } from '@darkroom/infra/bus/consumer'
import type { Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { sleep } from '@darkroom/infra/runtime/timers'
import type { Store } from '@darkroom/infra/store/store'
import { deleteResolvedFailures, recordFailures } from './failure-rows.ts'
import { migrateBatch } from './migrate-batch.ts'
import type { MigrateDeps } from './row-migration/migrate-row.ts'
import { advanceRun, type BatchProgress, findRun, lockRun, type Run, recordHeartbeat } from './run-rows.ts'
import { verifyBatch } from './verify-batch.ts'

/** Many times shorter than the consumer's wait for an acknowledgement. */
const HEARTBEAT_INTERVAL_MS = 1_000
const STORE_RETRY_DELAY_MS = 5_000
/** Passes over rows that another backfill had locked, or that failed with a temporary reason. */
const MAX_PASSES = 10
const PASS_DELAY_MS = 300

export interface BatchDeps extends MigrateDeps {
  store: Pick<Store, 'get' | 'put' | 'ping'>
}

const BATCH_RUNNERS: Record<Run['kind'], (deps: MigrateDeps, run: Run, limit: number) => Promise<BatchProgress>> = {
  move: migrateRunBatch,
  verify: verifyRunBatch,
}

/**
 * Runs the next batch of a run and saves its progress. The message of a batch that was done before, or whose run was stopped, is
 * only acknowledged.
 */
export async function handleBatch(deps: BatchDeps, { id, batch }: BackfillBatch, delivery: Delivery): Promise<void> {
  const run = await findRun(deps.database, id)
  if (run?.state !== 'running' || run.batches !== batch) return await delivery.ack()
  const progress = await withHeartbeat(deps, run, delivery, () => runNextBatch(deps, run))
  if (progress.failures.some(({ temporary }) => temporary) && !(await isStoreReachable(deps))) {
    return delivery.nak(STORE_RETRY_DELAY_MS)
  }
  await transaction(deps.database, tx => saveProgress(tx, run, progress))
  await deps.onFailpoint('advanced')
  await delivery.ack()
}

async function runNextBatch(deps: MigrateDeps, run: Run): Promise<BatchProgress> {
  if (run.cursor === null && run.pass > 1) await sleep(PASS_DELAY_MS * run.pass, deps.signal)
  const remaining = run.rowLimit === null ? run.batchRows : run.rowLimit - run.processed
  const limit = Math.min(run.batchRows, remaining)
  const progress = await BATCH_RUNNERS[run.kind](deps, run, limit)
  return remaining === limit && run.rowLimit !== null && progress.ended === 'full'
    ? { ...progress, ended: 'end' }
    : progress
}

async function migrateRunBatch(deps: MigrateDeps, run: Run, limit: number): Promise<BatchProgress> {
  const options = { runId: run.id, dryRun: run.dryRun, concurrency: run.concurrency }
  const batch = await migrateBatch(deps, { ...options, cursor: run.cursor, limit })
  // Except in a dry run, each row counts its images itself when it is migrated.
  return { ...batch, moved: run.dryRun ? batch.moved : null }
}

async function verifyRunBatch(deps: MigrateDeps, run: Run, limit: number): Promise<BatchProgress> {
  const options = { runId: run.verifies, cursor: run.cursor, concurrency: run.concurrency, limit }
  const { bytes, processed, ...verified } = await verifyBatch(deps, options)
  return { ...verified, processed, skipped: 0, moved: { updated: 0, images: processed, bytes, saved: 0 } }
}

async function saveProgress(tx: Transaction, run: Run, progress: BatchProgress): Promise<void> {
  if (!(await lockRun(tx, run))) return
  await recordFailures(tx, run.id, progress.failures)
  await advanceRun(tx, run, progress, progress.ended === 'end' ? await decideNextStep(tx, run) : 'batch')
}

/** Decides how a run goes on after its last batch: a run over all rows makes passes until only permanent failures are left. */
async function decideNextStep(tx: Transaction, run: Run): Promise<'pass' | 'done'> {
  if (run.kind === 'verify' || run.dryRun || run.rowLimit !== null) return 'done'
  return (await deleteResolvedFailures(tx, run.id)).hasRetryable && run.pass < MAX_PASSES ? 'pass' : 'done'
}

async function isStoreReachable({ store }: Pick<BatchDeps, 'store'>): Promise<boolean> {
  return await store.ping().then(
    () => true,
    () => false,
  )
}

/** Runs `work` with a heartbeat to the bus and to the run's row, so that neither takes the batch for abandoned. */
async function withHeartbeat<T>(
  { database, log }: Pick<MigrateDeps, 'database' | 'log'>,
  { id }: Run,
  delivery: Delivery,
  work: () => Promise<T>,
): Promise<T> {
  const sendHeartbeat = () => {
    delivery.working()
    recordHeartbeat(database, id).catch(err => log.debug({ err, run: id }, 'backfill_heartbeat_failed'))
  }
  const timer = setInterval(sendHeartbeat, HEARTBEAT_INTERVAL_MS)
  return await work().finally(() => clearInterval(timer))
}
