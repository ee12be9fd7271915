import type { BackfillBatch } from '@darkroom/contracts/backfill'
import type { Delivery } from '@darkroom/infra/bus/consumer'
import { type Transaction, transaction } from '@darkroom/infra/database/connection'
import { sleep } from '@darkroom/infra/runtime/timers'
import { runBatch } from './batch.ts'
import { noteFailures, settleFailures } from './failure-rows.ts'
import type { MoveDeps } from './migrate-row.ts'
import { type Advance, advanceRun, beatRun, findRun, holdRun, type Run } from './run-rows.ts'
import { verifyBatch } from './verify.ts'

/** Many times while the bus waits for a word. */
const BEAT_MS = 1_000
const STORE_AWAY_MS = 5_000
/** Rows that somebody else worked on, or that failed for a reason that passes, are looked at again so often. */
const PASSES = 10
const PASS_PAUSE_MS = 300

const WORK: Record<Run['kind'], (deps: MoveDeps, run: Run, limit: number) => Promise<Advance>> = { move, verify }

/** Works on the next rows of a run and moves it on. A batch that was done already, or whose run was stopped, is let go. */
export async function workOnBatch(deps: MoveDeps, { id, batch }: BackfillBatch, delivery: Delivery): Promise<void> {
  const run = await findRun(deps.database, id)
  if (run?.state !== 'running' || run.batches !== batch) return await delivery.ack()
  const advance = await beating(deps, run, delivery, () => workOn(deps, run))
  if (advance.failures.some(({ temporary }) => temporary) && !(await isStoreThere(deps))) {
    return delivery.later(STORE_AWAY_MS)
  }
  await transaction(deps.database, tx => moveOn(tx, run, advance))
  await deps.atStep('advanced')
  await delivery.ack()
}

async function workOn(deps: MoveDeps, run: Run): Promise<Advance> {
  if (run.cursor === null && run.pass > 1) await sleep(PASS_PAUSE_MS * run.pass, deps.signal)
  const left = run.rowLimit === null ? run.batchRows : run.rowLimit - run.processed
  const limit = Math.min(run.batchRows, left)
  const advance = await WORK[run.kind](deps, run, limit)
  return left === limit && run.rowLimit !== null && advance.ended === 'full' ? { ...advance, ended: 'end' } : advance
}

async function move(deps: MoveDeps, run: Run, limit: number): Promise<Advance> {
  const options = { runId: run.id, dryRun: run.dryRun, concurrency: run.concurrency }
  const batch = await runBatch(deps, { ...options, cursor: run.cursor, limit })
  // What is really moved is counted with the row that it is moved out of.
  return { ...batch, moved: run.dryRun ? batch.moved : null }
}

async function verify(deps: MoveDeps, run: Run, limit: number): Promise<Advance> {
  const options = { runId: run.verifies, cursor: run.cursor, concurrency: run.concurrency, limit }
  const { bytes, processed, ...verified } = await verifyBatch(deps, options)
  return { ...verified, processed, skipped: 0, moved: { updated: 0, images: processed, bytes, saved: 0 } }
}

async function moveOn(tx: Transaction, run: Run, advance: Advance): Promise<void> {
  if (!(await holdRun(tx, run))) return
  await noteFailures(tx, run.id, advance.failures)
  await advanceRun(tx, run, advance, advance.ended === 'end' ? await afterTheLast(tx, run) : 'batch')
}

/** Whoever moves everything looks again until there is nothing left but what cannot be moved. */
async function afterTheLast(tx: Transaction, run: Run): Promise<'pass' | 'done'> {
  if (run.kind === 'verify' || run.dryRun || run.rowLimit !== null) return 'done'
  return (await settleFailures(tx, run.id)).again && run.pass < PASSES ? 'pass' : 'done'
}

async function isStoreThere({ store }: MoveDeps): Promise<boolean> {
  return await store.ping().then(
    () => true,
    () => false,
  )
}

/** Says again and again that the batch is being worked on, to the bus and in the run's row. */
async function beating<T>(deps: MoveDeps, { id }: Run, delivery: Delivery, work: () => Promise<T>): Promise<T> {
  const beat = () => {
    delivery.working()
    beatRun(deps.database, id).catch(err => deps.log.debug({ err }, 'a run could not be said to be worked on'))
  }
  const timer = setInterval(beat, BEAT_MS)
  return await work().finally(() => clearInterval(timer))
}
