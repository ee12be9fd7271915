import type { Queryable, Transaction } from '../database/connection.ts'

/** Days that are summed up in one transaction. A change of generations of days that are over waits for it. */
const DAYS = 14
/** Time after which the transactions that began before the end of a day have ended. */
const SETTLED = '1 hour'

/** Returns whether there are days that can be summed up: days that are over, and days whose generations have changed since. */
export async function hasTimelineWork(db: Queryable): Promise<boolean> {
  const [row] = await db<{ hasWork: boolean }[]>`
    select exists (select from timeline_changes) or exists (${selectNextDay(db)}) as "hasWork"`
  return row?.hasWork === true
}

/**
 * Sums up the generations of the next days of every workspace: of those that have changed, else of those that are over. No other
 * transaction changes such days meanwhile.
 *
 * @returns which days there were; null if there were none; `locked`, with nothing done, while other transactions change days that are
 *   over: they would wait for each other, and for this one
 */
export async function sumUpTimelineDays(tx: Transaction): Promise<'changed' | 'over' | 'locked' | null> {
  const [lock] = await tx<{ isLocked: boolean }[]>`
    select pg_try_advisory_xact_lock(hashtextextended('darkroom timeline days', 0)) as "isLocked"`
  if (!lock?.isLocked) return 'locked'
  if (await sumUpChangedDays(tx)) return 'changed'
  return (await sumUpNextDays(tx)) ? 'over' : null
}

async function sumUpChangedDays(tx: Transaction): Promise<boolean> {
  const changed = await tx<{ workspaceId: string; day: string }[]>`
    with chosen as (select distinct workspace_id, day from timeline_changes order by day desc, workspace_id limit ${DAYS})
    delete from timeline_changes c using chosen
    where c.workspace_id = chosen.workspace_id and c.day = chosen.day
    returning c.workspace_id as "workspaceId", c.day::text`
  if (changed.length === 0) return false
  const days: ReturnType<Queryable> = tx`(
    select distinct workspace_id, day
    from unnest(${changed.map(row => row.workspaceId)}::uuid[], ${changed.map(row => row.day)}::text[]::date[]) changed (workspace_id, day)
  )`
  await tx`delete from timeline_days d using ${days} days where d.workspace_id = days.workspace_id and d.day = days.day`
  await insertSums(tx, days)
  return true
}

async function sumUpNextDays(tx: Transaction): Promise<boolean> {
  const [range] = await tx<{ first: string; end: string }[]>`
    select next.day::text as first, least(next.day + ${DAYS}::int, next.end_day)::text as end from (${selectNextDay(tx)}) next`
  if (!range) return false
  const { first, end } = range
  await insertSums(
    tx,
    tx`(
      select w.id as workspace_id, day::date as day
      from (${selectWorkspaces(tx)}) w,
        generate_series(${first}::text::date::timestamp, ${end}::text::date::timestamp - interval '1 day', '1 day') day
    )`,
  )
  await tx`update timeline_state set summed_before = ${end}::text::date`
  return true
}

/** Builds the query of the first day with generations that is over and not summed up, and the end of those days; no row if there is none. */
function selectNextDay(db: Queryable) {
  return db`
    select min(next.created_at at time zone 'UTC')::date as day, (now() at time zone 'UTC' - ${SETTLED}::interval)::date as end_day
    from timeline_state s, (${selectWorkspaces(db)}) w, lateral (
      select d.created_at from generation_documents d
      where d.workspace_id = w.id and d.deleted_at is null and d.created_at >= s.summed_before::timestamp at time zone 'UTC'
      order by d.created_at limit 1
    ) next
    having min(next.created_at at time zone 'UTC')::date < (now() at time zone 'UTC' - ${SETTLED}::interval)::date`
}

/** Builds the query of all workspaces that have documents: a jump in the index for each. */
function selectWorkspaces(db: Queryable) {
  return db`
    with recursive workspaces as (
      (select d.workspace_id as id from generation_documents d where d.deleted_at is null order by d.workspace_id limit 1)
      union all
      select (
        select d.workspace_id from generation_documents d where d.deleted_at is null and d.workspace_id > w.id
        order by d.workspace_id limit 1
      ) from workspaces w where w.id is not null
    )
    select id from workspaces where id is not null`
}

/** Inserts the sums of some days of workspaces. @param days rows of `workspace_id` and `day` */
async function insertSums(tx: Transaction, days: ReturnType<Queryable>): Promise<void> {
  await tx`
    insert into timeline_days (workspace_id, facet, day, counts)
    select workspace_id, facet, day, array_agg((quarter << 24) | through order by quarter)
    from (
      select days.workspace_id, facet, days.day, d.quarter,
        (sum(count(*)) over (partition by days.workspace_id, facet, days.day order by d.quarter))::int as through
      from ${days} days, lateral (
        select d.kind, d.status, d.model, d.favourite, d.has_references,
          floor(extract(epoch from d.created_at - days.day::timestamp at time zone 'UTC') / 900)::int as quarter
        from generation_documents d
        where d.workspace_id = days.workspace_id and d.deleted_at is null
          and d.created_at >= days.day::timestamp at time zone 'UTC' and d.created_at < (days.day + 1)::timestamp at time zone 'UTC'
      ) d, lateral unnest(array['', 'kind:' || d.kind, 'status:' || d.status, 'model:' || d.model,
        case when d.favourite then 'favourite' end, case when d.has_references then 'references' end]) facet
      where facet is not null
      group by days.workspace_id, facet, days.day, d.quarter
    ) quarters
    group by workspace_id, facet, day`
}
