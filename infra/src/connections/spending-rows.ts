import type { Queryable } from '../database/connection.ts'

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
      timestamp_text((date_trunc('month', now() at time zone 'UTC') + interval '1 month') at time zone 'UTC') as "renewsAt"`
  if (!row) throw new Error('a sum without a row')
  return row
}

/**
 * Returns the expression for what calls of this month (UTC) have cost, in micro-units of USD: what the provider reported, else what was
 * estimated, else what their connection assumes.
 *
 * @param connection the id of the connection whose calls count; null for those of all
 */
export function selectSpentMicros(db: Queryable, connection: ReturnType<Queryable> | null) {
  return db`(
    select coalesce(sum(coalesce(
      case when k.currency = 'USD' then coalesce(k.reported_micros, k.estimated_micros) end, a.assumed_micros * k.count, 0)), 0)::bigint
    from call_costs k left join connections a on a.id = k.connection
    where k.outcome is distinct from 'not-billed' and k.made_at >= date_trunc('month', now() at time zone 'UTC') at time zone 'UTC'
      ${connection ? db`and k.connection = ${connection}` : db``})`
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
