import type { UsageRow } from '@darkroom/contracts/history/usage'
import type { Queryable } from '@darkroom/infra/database/connection'
import type { UsageQuery } from './usage-parameters.ts'

/**
 * Sums up the calls of a workspace. What a call cost is what the provider reported, else what was estimated; nothing, if it was refused
 * before the work began. Generations that were purged count as well.
 */
export async function readUsageRows(
  db: Queryable,
  workspaceId: string,
  { from, to, by }: UsageQuery,
): Promise<UsageRow[]> {
  const isBy = (dimension: UsageQuery['by'][number]) => by.includes(dimension)
  return await db<UsageRow[]>`
    select (day at time zone 'UTC')::date::text as day, model, connection, currency, count(*)::int as calls,
      (count(*) filter (where is_failed))::int as "failedCalls",
      (count(*) filter (where outcome = 'unknown'))::int as "unknownCalls",
      coalesce(sum(outputs) filter (where kind = 'image'), 0)::int as images,
      coalesce(sum(outputs) filter (where kind = 'video'), 0)::int as videos,
      coalesce(extract(epoch from sum(duration)), 0)::float8 as seconds,
      coalesce(sum(micros), 0)::float8 as micros,
      coalesce(sum(micros) filter (where is_reported), 0)::float8 as "reportedMicros",
      coalesce(sum(micros) filter (where not is_reported), 0)::float8 as "estimatedMicros",
      coalesce(sum(micros) filter (where is_failed), 0)::float8 as "failedMicros",
      (count(*) filter (where micros is null))::int as "unpricedCalls"
    from (
      select ${isBy('day') ? db`date_bin('1 day', made_at, '2000-01-01T00:00:00Z')` : db`null::timestamptz`} as day,
        ${isBy('model') ? db`model` : db`null::text`} as model,
        ${isBy('connection') ? db`connection` : db`null::text`} as connection,
        currency, kind, outcome, outputs, ended_at - made_at as duration,
        reported_micros is not null as is_reported,
        case when outcome = 'not-billed' then 0 else coalesce(reported_micros, estimated_micros) end as micros,
        outcome in ('failed', 'not-billed') or (outcome = 'finished' and outputs = 0) as is_failed
      from call_costs
      where workspace_id = ${workspaceId} and made_at >= ${from}::date::timestamp at time zone 'UTC'
        and made_at < (${to}::date + 1)::timestamp at time zone 'UTC'
    ) calls
    group by day, model, connection, currency
    order by day nulls first, micros desc, calls desc, model, connection`
}
