import type { BackfillFailure, BackfillOptions, BackfillState } from '@darkroom/contracts/history/backfill'
import { BACKFILL_EVENTS_SUBJECT, BACKFILL_SUBJECT } from '@darkroom/contracts/subjects'
import type { Database, Queryable, Transaction } from '@darkroom/infra/database/connection'
import { enqueueMessage } from '@darkroom/infra/database/outbox'

/** A run, as far as its next batch needs it. */
export interface Run {
  id: string
  kind: BackfillOptions['kind']
  state: BackfillState
  verifies: string | null
  dryRun: boolean
  batchRows: number
  concurrency: number
  rowLimit: number | null
  cursor: string | null
  batches: number
  pass: number
  processed: number
}

/** Progress that a batch adds to its run. */
export interface BatchProgress {
  cursor: string | null
  processed: number
  skipped: number
  /** Null if each row was counted when it was migrated. */
  moved: { updated: number; images: number; bytes: number; saved: number } | null
  failures: readonly BackfillFailure[]
  ended: 'full' | 'end' | 'stopped'
}

/** Time without a heartbeat after which the next batch of a run is enqueued again. */
const STALLED_AFTER_SECONDS = 60

/** Begins a run and enqueues its first batch; does nothing if the run exists. */
export async function beginRun(tx: Transaction, id: string, options: BackfillOptions, total: number): Promise<void> {
  const { kind, of, dryRun, batch, concurrency, limit } = options
  const { count } = await tx`
    insert into backfill_runs (id, kind, verifies, dry_run, batch_rows, concurrency, row_limit, total)
    values (${id}, ${kind}, ${of}, ${dryRun}, ${batch}, ${concurrency}, ${limit}, ${Math.min(total, limit ?? total)})
    on conflict (id) do nothing`
  if (count === 1) await enqueueBatch(tx, id, 0)
}

/** Returns a run by its id. */
export async function findRun(db: Queryable, id: string): Promise<Run | undefined> {
  const [run] = await db<Run[]>`
    select id, kind, state, verifies, dry_run as "dryRun", batch_rows as "batchRows", concurrency,
           row_limit as "rowLimit", cursor, batches, pass, processed
    from backfill_runs where id = ${id}`
  return run
}

/** Stops a run. The rows that are being migrated now are finished. */
export async function stopRun(tx: Transaction, id: string): Promise<void> {
  const { count } = await tx`update backfill_runs set state = 'stopped' where id = ${id} and state = 'running'`
  if (count === 1) await publishRunChange(tx, id)
}

/** Resumes a stopped run where it was. A run that is done begins its passes again. */
export async function resumeRun(tx: Transaction, id: string): Promise<void> {
  const [run] = await tx<{ batches: number }[]>`
    update backfill_runs set state = 'running', finished_at = null, seen_at = clock_timestamp(),
      pass = case when state = 'done' then 1 else pass end
    where id = ${id} returning batches`
  if (run) await enqueueBatch(tx, id, run.batches)
}

/** Records that a batch of a run is being worked on. */
export async function recordHeartbeat(database: Database, id: string): Promise<void> {
  await database`update backfill_runs set seen_at = clock_timestamp() where id = ${id}`
}

/** Adds the images of one migrated row to the counts of its run. */
export async function addMovedCounts(
  tx: Transaction,
  id: string,
  { images, bytes, saved }: { images: number; bytes: number; saved: number },
): Promise<void> {
  await tx`
    update backfill_runs set updated = updated + 1, images = images + ${images}, bytes_moved = bytes_moved + ${bytes},
      bytes_saved = bytes_saved + ${saved}, seen_at = clock_timestamp()
    where id = ${id}`
}

/** Locks a run until the transaction ends. @returns false if another worker has saved the same batch */
export async function lockRun(tx: Transaction, run: Run): Promise<boolean> {
  const [locked] = await tx`select from backfill_runs where id = ${run.id} and batches = ${run.batches} for update`
  return locked !== undefined
}

/** Saves the progress of a locked run after a batch, and enqueues the next batch if there is one. */
export async function advanceRun(
  tx: Transaction,
  run: Run,
  progress: BatchProgress,
  next: 'batch' | 'pass' | 'done',
): Promise<void> {
  const { images, bytes, saved, updated } = progress.moved ?? { images: 0, bytes: 0, saved: 0, updated: 0 }
  const [after] = await tx<{ state: BackfillState }[]>`
    update backfill_runs set
      cursor = ${next === 'pass' ? null : progress.cursor}, batches = batches + 1, pass = pass + ${next === 'pass' ? 1 : 0},
      processed = processed + ${progress.processed}, skipped = skipped + ${progress.skipped}, updated = updated + ${updated},
      images = images + ${images}, bytes_moved = bytes_moved + ${bytes}, bytes_saved = bytes_saved + ${saved},
      seen_at = clock_timestamp(),
      state = case when ${next} = 'done' then 'done' else state end,
      finished_at = case when ${next} = 'done' then clock_timestamp() end
    where id = ${run.id} returning state`
  if (after?.state === 'running') return await enqueueBatch(tx, run.id, run.batches + 1)
  await publishRunChange(tx, run.id)
}

/** Enqueues the next batch of runs without a heartbeat again: the bus may have lost the message. */
export async function enqueueStalledBatches(database: Database): Promise<void> {
  await database`
    with stalled as (
      select id from backfill_runs
      where state = 'running' and seen_at < clock_timestamp() - make_interval(secs => ${STALLED_AFTER_SECONDS})
      for update skip locked
    ), seen as (
      update backfill_runs set seen_at = clock_timestamp() where id in (select id from stalled) returning id, batches
    ), messages as (
      insert into outbox (subject, payload)
      select ${BACKFILL_SUBJECT}, jsonb_build_object('v', 1, 'type', 'backfill.batch', 'id', id, 'batch', batches) from seen
    )
    select pg_notify('outbox', '') where exists (select from seen)`
}

async function enqueueBatch(tx: Transaction, id: string, batch: number): Promise<void> {
  await enqueueMessage(tx, BACKFILL_SUBJECT, { v: 1, type: 'backfill.batch', id, batch }, null)
  await publishRunChange(tx, id)
}

async function publishRunChange(tx: Transaction, id: string): Promise<void> {
  await enqueueMessage(tx, BACKFILL_EVENTS_SUBJECT, { v: 1, type: 'backfill.changed', id }, null)
}
