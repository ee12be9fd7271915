import type { UsageRow } from '@darkroom/contracts/history/usage'
import { type CostRange, selectCostSums } from '@darkroom/infra/connections/cost-sums'
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
  const range: CostRange = {
    first: db`${from}::text`,
    last: db`${to}::text`,
    condition: db`cost.workspace_id = ${workspaceId}`,
  }
  return await db<UsageRow[]>`
    select day::text as day, model, connection, currency, sum(calls)::int as calls, sum(failed_calls)::int as "failedCalls",
      sum(unknown_calls)::int as "unknownCalls",
      coalesce(sum(outputs) filter (where kind = 'image'), 0)::int as images,
      coalesce(sum(outputs) filter (where kind = 'video'), 0)::int as videos,
      extract(epoch from sum(duration))::float8 as seconds,
      sum(micros)::float8 as micros, sum(reported_micros)::float8 as "reportedMicros",
      sum(micros - reported_micros)::float8 as "estimatedMicros", sum(failed_micros)::float8 as "failedMicros",
      sum(unpriced_calls)::int as "unpricedCalls"
    from (
      select ${isBy('day') ? db`day` : db`null::date`} as day, ${isBy('model') ? db`model` : db`null::text`} as model,
        ${isBy('connection') ? db`connection` : db`null::text`} as connection, currency, kind, calls, failed_calls, unknown_calls,
        unpriced_calls, outputs, duration, micros, reported_micros, failed_micros
      from (${selectCostSums(db, range)}) summed
    ) sums
    group by day, model, connection, currency
    order by day nulls first, micros desc, calls desc, model, connection`
}
