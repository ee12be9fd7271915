import type { ConnectionBudget } from '@darkroom/contracts/history/usage'
import type { Queryable } from '../database/connection.ts'
import { type CostRange, selectCostSums } from './cost-sums.ts'

/** The spending of a budget in the present month (UTC), in micro-units of USD. */
export interface Spending {
  spentMicros: number
  /** Estimates for outputs that are still to be made. */
  reservedMicros: number
  /** Beginning of the next month (UTC). */
  renewsAt: string
}

/**
 * Reads what is spent and reserved, by all workspaces: a key and its bill belong to the studio.
 *
 * @param connection only its calls; null for those of every connection
 */
export async function readSpending(db: Queryable, connection: string | null): Promise<Spending> {
  const [row] = await db<Spending[]>`
    select ${selectSpentMicros(db, connection === null ? null : db`${connection}`)} as "spentMicros",
      ${selectReservedMicros(db, connection === null ? db`true` : db`g.provider = ${connection}`)} as "reservedMicros",
      ${selectRenewal(db)} as "renewsAt"`
  if (!row) throw new Error('a sum without a row')
  return row
}

/** Reads the budgets of connections with what is spent of them, in the order in which the connections were added. */
export async function readConnectionBudgets(db: Queryable): Promise<ConnectionBudget[]> {
  return await db<ConnectionBudget[]>`
    select c.id as connection, c.name, c.budget_micros as "limitMicros", ${selectSpentMicros(db, db`c.id`)} as "spentMicros",
      ${selectReservedMicros(db, db`g.provider = c.id`)} as "reservedMicros", ${selectRenewal(db)} as "renewsAt"
    from connections c where c.budget_micros is not null and c.removed_at is null and not c.draft
    order by c.created_at, c.id`
}

function selectRenewal(db: Queryable) {
  return db`timestamp_text((date_trunc('month', now() at time zone 'UTC') + interval '1 month') at time zone 'UTC')`
}

/**
 * Returns the expression for what calls of this month (UTC) have cost, in micro-units of USD: what the provider reported, else what was
 * estimated, else what their connection assumes.
 *
 * @param connection the id of the connection whose calls count; null for those of all
 */
export function selectSpentMicros(db: Queryable, connection: ReturnType<Queryable> | null) {
  const range: CostRange = {
    first: db`date_trunc('month', now() at time zone 'UTC')`,
    last: db`now() at time zone 'UTC' + interval '1 day'`,
    condition: connection ? db`cost.connection = ${connection}` : db`true`,
  }
  return db`(
    select coalesce(sum(case k.currency
      when 'USD' then k.micros + coalesce(a.assumed_micros * k.unpriced_count, 0)
      else coalesce(a.assumed_micros * k.billed_count, 0) end), 0)::bigint
    from (${selectCostSums(db, range)}) k left join connections a on a.id = k.connection)`
}

/**
 * Returns the expression for the estimates of unfinished generations: the price of each pending output that no call is making, or has
 * made in this round. The cost of a call is in its own row.
 *
 * @param condition selects generations `g`
 */
export function selectReservedMicros(db: Queryable, condition: ReturnType<Queryable>) {
  return db`(
    select coalesce(sum(coalesce(case when g.currency = 'USD' then g.output_micros end, a.assumed_micros, 0)), 0)::bigint
    from generations g join generation_jobs j on j.workspace_id = g.workspace_id and j.generation_id = g.id
      join generation_outputs o on o.workspace_id = g.workspace_id and o.generation_id = g.id and o.state = 'pending'
      left join connections a on a.id = g.provider
    where g.status in ('queued', 'processing', 'uploading') and ${condition} and not exists (
      select from provider_calls p
      where p.workspace_id = g.workspace_id and p.generation_id = g.id
        and o.index between p.first_index and p.first_index + p.count - 1
        and (p.finished_at is null or (p.round = j.round and p.outcome is distinct from 'failed'))))`
}
