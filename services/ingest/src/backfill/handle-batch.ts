import type { BackfillBatch } from '@darkroom/contracts/backfill'
import type { Delivery } from '@darkroom/infra/bus/consumer'
import { type Transaction, transaction } from '@darkroom/infra/database/connection'
import { sleep } from '@darkroom/infra/runtime/timers'
import { deleteResolvedFailures, recordFailures } from './failure-rows.ts'
import { runBatch } from './migrate-batch.ts'
import type { MigrateDeps } from './row-migration/migrate-row.ts'
import { advanceRun, type BatchProgress, findRun, lockRun, type Run, recordHeartbeat } from './run-rows.ts'
import { verifyBatch } from './verify-batch.ts'

/** Many times while the bus waits for a word. */
const HEARTBEAT_INTERVAL_MS = 1_000
const STORE_RETRY_DELAY_MS = 5_000
/** Rows that somebody else worked on, or that failed for a reason that passes, are looked at again so often. */
const MAX_PASSES = 10
const PASS_DELAY_MS = 300

const BATCH_RUNNERS: Record<Run['kind'], (deps: MigrateDeps, run: Run, limit: number) => Promise<BatchProgress>> = {
  move: migrateBatch,
  verify: verifyRunBatch,
}

/** Works on the next rows of a run and moves it on. A batch that was done already, or whose run was stopped, is let go. */
export async function handleBatch(deps: MigrateDeps, { id, batch }: BackfillBatch, delivery: Delivery): Promise<void> {
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

async function migrateBatch(deps: MigrateDeps, run: Run, limit: number): Promise<BatchProgress> {
  const options = { runId: run.id, dryRun: run.dryRun, concurrency: run.concurrency }
  const batch = await runBatch(deps, { ...options, cursor: run.cursor, limit })
  // What is really moved is counted with the row that it is moved out of.
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

/** Whoever moves everything looks again until there is nothing left but what cannot be moved. */
async function decideNextStep(tx: Transaction, run: Run): Promise<'pass' | 'done'> {
  if (run.kind === 'verify' || run.dryRun || run.rowLimit !== null) return 'done'
  return (await deleteResolvedFailures(tx, run.id)).again && run.pass < MAX_PASSES ? 'pass' : 'done'
}

async function isStoreReachable({ store }: MigrateDeps): Promise<boolean> {
  return await store.ping().then(
    () => true,
    () => false,
  )
}

/** Says again and again that the batch is being worked on, to the bus and in the run's row. */
async function withHeartbeat<T>(
  deps: MigrateDeps,
  { id }: Run,
  delivery: Delivery,
  work: () => Promise<T>,
): Promise<T> {
  const sendHeartbeat = () => {
    delivery.working()
    recordHeartbeat(deps.database, id).catch(err => deps.log.debug({ err }, 'a run could not be said to be worked on'))
  }
  const timer = setInterval(sendHeartbeat, HEARTBEAT_INTERVAL_MS)
  return await work().finally(() => clearInterval(timer))
}
