import type { Queryable, Transaction } from '../database/connection.ts'

/** Selects the calls that are summed up. Days are dates or their texts. */
export interface CostRange {
  first: ReturnType<Queryable>
  last: ReturnType<Queryable>
  /** Condition on `cost`, which is a call, or a sum that there is of calls. */
  condition: ReturnType<Queryable>
}

/**
 * Returns the query for the sums of calls by day (UTC), workspace, connection, model, kind and currency: those that `cost_sums` has, and the
 * calls of the other days. In one statement, so that each call is in one of the two.
 */
export function selectCostSums(db: Queryable, { first, last, condition }: CostRange) {
  return db`
    select cost.* from cost_sums cost where cost.day between (${first})::date and (${last})::date and ${condition}
    union all
    ${selectSummedCalls(
      db,
      db`(
        select at::date as day from generate_series((${first})::date::timestamp, (${last})::date::timestamp, '1 day') at
        where not exists (select from cost_days summed where summed.day = at::date)) days`,
      condition,
    )}`
}

/**
 * Sums up the calls of the last day that has been over for an hour and is not summed up yet. A change of such a call removes the sums
 * again; the hour is longer than any transaction that began before the end of the day, which does not.
 *
 * @returns whether there was such a day
 */
export async function sumUpNextDay(tx: Transaction): Promise<boolean> {
  await tx`select pg_advisory_xact_lock(hashtextextended('darkroom cost days', 0))`
  const [next] = await tx<{ day: string }[]>`
    insert into cost_days
    select at::date from generate_series(
      (select min(made_at) at time zone 'UTC' from call_costs)::date::timestamp,
      (now() at time zone 'UTC' - interval '1 hour')::date - interval '1 day', '1 day') at
    where not exists (select from cost_days summed where summed.day = at::date) order by at desc limit 1
    returning day::text`
  if (!next) return false
  await tx`insert into cost_sums ${selectSummedCalls(tx, tx`(select ${next.day}::date as day) days`, tx`true`)}`
  return true
}

/** Returns the query that sums up the calls of some days, with the columns of `cost_sums` in their order. */
function selectSummedCalls(db: Queryable, days: ReturnType<Queryable>, condition: ReturnType<Queryable>) {
  return db`
    select cost.workspace_id, days.day, cost.connection, cost.model, cost.kind, cost.currency, count(*)::int as calls,
      (count(*) filter (where cost.is_failed))::int as failed_calls,
      (count(*) filter (where cost.outcome = 'unknown'))::int as unknown_calls,
      (count(*) filter (where cost.micros is null))::int as unpriced_calls,
      sum(cost.outputs)::bigint as outputs, coalesce(sum(cost.ended_at - cost.made_at), '0') as duration,
      coalesce(sum(cost.micros), 0)::bigint as micros,
      coalesce(sum(cost.micros) filter (where cost.reported_micros is not null), 0)::bigint as reported_micros,
      coalesce(sum(cost.micros) filter (where cost.is_failed), 0)::bigint as failed_micros,
      coalesce(sum(cost.count) filter (where cost.outcome is distinct from 'not-billed'), 0)::bigint as billed_count,
      coalesce(sum(cost.count) filter (where cost.micros is null), 0)::bigint as unpriced_count
    from ${days}, lateral (
      select k.*, case when k.outcome = 'not-billed' then 0 else coalesce(k.reported_micros, k.estimated_micros) end as micros,
        coalesce(k.outcome in ('failed', 'not-billed') or (k.outcome = 'finished' and k.outputs = 0), false) as is_failed
      from call_costs k
      where k.made_at >= days.day::timestamp at time zone 'UTC' and k.made_at < (days.day + 1)::timestamp at time zone 'UTC'
    ) cost
    where ${condition}
    group by cost.workspace_id, days.day, cost.connection, cost.model, cost.kind, cost.currency`
}
