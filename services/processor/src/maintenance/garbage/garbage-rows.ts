import { STATUSES } from '@darkroom/contracts/enums'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Database, Queryable, Transaction } from '@darkroom/infra/database/connection'
import type { ListedObject } from '@darkroom/infra/store/store'
import type { ObjectKey } from './object-key.ts'

/** A time, as the store has it. */
export type Instant = ListedObject['lastModified']

export interface AgeOptions {
  /** Longest work on one generation, in seconds. */
  maxSeconds: number
  /** Time by which the clock is put forward, in seconds: tests cannot wait for a day. */
  aheadSeconds?: number
}

const DAY_SECONDS = 86_400
const TERMINAL_STATUSES = STATUSES.filter(isTerminal)
/** Time after which another process goes on with a sweep whose process has ended. */
const CLAIM_SECONDS = 600
/** Least time between two sweeps; up to half as much is added, so that studios with one bucket do not sweep in step. */
const SWEEP_SECONDS = 72_000

/**
 * Returns the time before which an object must have been stored to be garbage: a day, or twice the longest work on a generation ago. If
 * a row is written for it at all, it is there by then.
 */
export async function readCutoff(db: Queryable, { maxSeconds, aheadSeconds = 0 }: AgeOptions): Promise<Instant> {
  const seconds = Math.max(DAY_SECONDS, 2 * maxSeconds) - aheadSeconds
  const [row] = await db<{ before: Instant }[]>`select clock_timestamp() - make_interval(secs => ${seconds}) as before`
  if (!row) throw new Error('the database did not tell its time')
  return row.before
}

/**
 * Returns which of the keys no row names, as `isReferenced` does for one key. Objects of a generation that is not finished count as
 * named.
 */
export async function findUnnamed(db: Queryable, keys: readonly ObjectKey[]): Promise<Set<string>> {
  const rows = await Promise.all([selectUnnamedOutputs(db, keys), selectUnnamedReferences(db, keys)])
  return new Set(rows.flat().map(({ key }) => key))
}

async function selectUnnamedOutputs(db: Queryable, keys: readonly ObjectKey[]): Promise<{ key: string }[]> {
  const outputs = keys.flatMap(({ row, ...key }) => (row.kind === 'output' ? [{ ...key, ...row }] : []))
  if (outputs.length === 0) return []
  return await db<{ key: string }[]>`
    select given.key
    from unnest(${outputs.map(({ key }) => key)}::text[], ${outputs.map(output => output.generationId)}::uuid[],
                ${outputs.map(({ original }) => original)}::text[]) as given (key, generation_id, original)
    where not exists (
      select from generation_outputs o where o.generation_id = given.generation_id
        and (o.key = given.key or regexp_replace(o.key, '\\.[a-z0-9]+$', '') = given.original)
    ) and not exists (
      select from generations g where g.id = given.generation_id and g.status <> all(${TERMINAL_STATUSES})
    )`
}

async function selectUnnamedReferences(db: Queryable, keys: readonly ObjectKey[]): Promise<{ key: string }[]> {
  const references = keys.flatMap(({ row, ...key }) => (row.kind === 'reference' ? [{ ...key, ...row }] : []))
  if (references.length === 0) return []
  return await db<{ key: string }[]>`
    select given.key
    from unnest(${references.map(({ key }) => key)}::text[], ${references.map(row => row.workspaceId)}::uuid[],
                ${references.map(({ sha256 }) => sha256)}::text[], ${references.map(({ original }) => original)}::text[])
      as given (key, workspace_id, sha256, original)
    where not exists (
      select from reference_images i
      where i.workspace_id = given.workspace_id and i.sha256 = decode(given.sha256, 'hex')
        and (i.key = given.key or regexp_replace(i.key, '\\.[a-z0-9]+$', '') = given.original)
    )`
}

/**
 * Schedules the removal of objects that no row names. One that is scheduled already stays as it is.
 *
 * @param afterSeconds time in which an upload under way writes its row; the remover then looks once more
 * @returns the keys that were not scheduled before
 */
export async function scheduleGarbage(
  tx: Transaction,
  keys: readonly string[],
  afterSeconds: number,
): Promise<Set<string>> {
  const rows = await tx<{ key: string }[]>`
    insert into object_removals (key, remove_after)
    select key, now() + make_interval(secs => ${afterSeconds}) from unnest(${keys.toSorted()}::text[]) key
    on conflict (key) do nothing returning key`
  return new Set(rows.map(({ key }) => key))
}

/** Takes the sweep if it is due. @returns where it goes on, null at its beginning; undefined if it is not due */
export async function claimSweep(database: Database): Promise<{ cursor: string | null } | undefined> {
  const [row] = await database<{ cursor: string | null }[]>`
    update garbage_sweep set due_at = clock_timestamp() + make_interval(secs => ${CLAIM_SECONDS})
    where due_at <= clock_timestamp() returning cursor`
  return row
}

export interface SweepCounts {
  listed: number
  scheduled: number
  bytes: number
}

/** Records a page of the sweep, which is due again at once, unless that was the last page. Nothing is written if another process has gone on with it. */
export async function advanceSweep(
  tx: Transaction,
  { from, to, isLast }: { from: string | null; to: string | null; isLast: boolean },
  counts: SweepCounts,
): Promise<void> {
  await tx`
    update garbage_sweep set cursor = ${to},
      due_at = case when ${isLast} then due_at else clock_timestamp() end, listed = listed + ${counts.listed},
      scheduled = scheduled + ${counts.scheduled}, bytes = bytes + ${counts.bytes}
    where cursor is not distinct from ${from}`
}

/** Ends the sweep, until about a day from now. @returns what it has counted */
export async function finishSweep(database: Database): Promise<SweepCounts> {
  const [row] = await database<SweepCounts[]>`
    with before as (select listed, scheduled, bytes from garbage_sweep for update)
    update garbage_sweep set cursor = null, listed = 0, scheduled = 0, bytes = 0,
      due_at = clock_timestamp() + make_interval(secs => ${SWEEP_SECONDS} * (1 + random() / 2))
    from before returning before.*`
  return row ?? { listed: 0, scheduled: 0, bytes: 0 }
}
