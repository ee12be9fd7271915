import type { BackfillFailure, BackfillOptions, BackfillState } from '@darkroom/contracts/backfill'
import { BACKFILL_EVENTS_SUBJECT, BACKFILL_SUBJECT } from '@darkroom/contracts/subjects'
import type { Database, Queryable, Transaction } from '@darkroom/infra/database/connection'
import { enqueueMessage } from '@darkroom/infra/database/outbox'

/** A run, as far as its next batch needs to know. */
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

/** What a batch adds to its run. */
export interface BatchProgress {
  cursor: string | null
  processed: number
  skipped: number
  /** Null where it was counted with each row. */
  moved: { updated: number; images: number; bytes: number; saved: number } | null
  failures: readonly BackfillFailure[]
  ended: 'full' | 'end' | 'stopped'
}

/** How long a run may say nothing before its next batch is announced again. */
const STALLED_AFTER_SECONDS = 60

/** Begins a run unless it was begun before, and announces its first batch. */
export async function beginRun(tx: Transaction, id: string, options: BackfillOptions, total: number): Promise<void> {
  const { kind, of, dryRun, batch, concurrency, limit } = options
  const { count } = await tx`
    insert into backfill_runs (id, kind, verifies, dry_run, batch_rows, concurrency, row_limit, total)
    values (${id}, ${kind}, ${of}, ${dryRun}, ${batch}, ${concurrency}, ${limit}, ${Math.min(total, limit ?? total)})
    on conflict (id) do nothing`
  if (count === 1) await enqueueBatch(tx, id, 0)
}

/** A run, or undefined if there is none of that id. */
export async function findRun(db: Queryable, id: string): Promise<Run | undefined> {
  const [run] = await db<Run[]>`
    select id, kind, state, verifies, dry_run as "dryRun", batch_rows as "batchRows", concurrency,
           row_limit as "rowLimit", cursor, batches, pass, processed
    from backfill_runs where id = ${id}`
  return run
}

/** Has a run go no further than the rows that are worked on now. */
export async function stopRun(tx: Transaction, id: string): Promise<void> {
  const { count } = await tx`update backfill_runs set state = 'stopped' where id = ${id} and state = 'running'`
  if (count === 1) await publishRunChange(tx, id)
}

/** Has a run that was stopped, or is done and left something, go on where it was. */
export async function resumeRun(tx: Transaction, id: string): Promise<void> {
  const [run] = await tx<{ batches: number }[]>`
    update backfill_runs set state = 'running', finished_at = null, seen_at = clock_timestamp(),
      pass = case when state = 'done' then 1 else pass end
    where id = ${id} returning batches`
  if (run) await enqueueBatch(tx, id, run.batches)
}

/** Says that a run is being worked on. */
export async function recordHeartbeat(database: Database, id: string): Promise<void> {
  await database`update backfill_runs set seen_at = clock_timestamp() where id = ${id}`
}

/** Counts what was moved out of one row. */
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

/** Holds a run until the transaction ends. @returns false if the batch that was worked on has been done by somebody else */
export async function lockRun(tx: Transaction, run: Run): Promise<boolean> {
  const [locked] = await tx`select from backfill_runs where id = ${run.id} and batches = ${run.batches} for update`
  return locked !== undefined
}

/** Moves a run that is held on past a batch, and announces what comes next. */
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

/** Announces again what nobody has worked on for a while: the bus may have lost it. */
export async function enqueueStalledBatches(database: Database): Promise<void> {
  await database`
    with stalled as (
      select id from backfill_runs
      where state = 'running' and seen_at < clock_timestamp() - make_interval(secs => ${STALLED_AFTER_SECONDS})
      for update skip locked
    ), seen as (
      update backfill_runs set seen_at = clock_timestamp() where id in (select id from stalled) returning id, batches
    ), posted as (
      insert into outbox (subject, payload)
      select ${BACKFILL_SUBJECT}, jsonb_build_object('v', 1, 'type', 'backfill.batch', 'id', id, 'batch', batches) from seen
    )
    select pg_notify('outbox', '') where exists (select from seen)`
}

async function enqueueBatch(tx: Transaction, id: string, batch: number): Promise<void> {
  await enqueueMessage(tx, BACKFILL_SUBJECT, { v: 1, type: 'backfill.batch', id, batch })
  await publishRunChange(tx, id)
}

async function publishRunChange(tx: Transaction, id: string): Promise<void> {
  await enqueueMessage(tx, BACKFILL_EVENTS_SUBJECT, { v: 1, type: 'backfill.changed', id })
}
