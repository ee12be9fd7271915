import type { Queryable } from '../database/connection.ts'
import type { GenerationKey } from './generations.ts'

/**
 * Writes what a generation has cost by its calls: what the provider reported, else what was estimated. A generation without calls has
 * cost nothing; one whose price is unknown, and one of an import, keeps its cost until a provider reports one. The caller raises the
 * version.
 *
 * @returns whether the cost has changed
 */
export async function updateGenerationCost(db: Queryable, { id, workspaceId }: GenerationKey): Promise<boolean> {
  const { count } = await db`
    update generations g set cost = computed.cost
    from (
      select case when bool_or(c.call is not null and c.reported_micros is null and c.estimated_micros is null) then null
        else jsonb_build_object(
          'amount', (coalesce(sum(coalesce(c.reported_micros, c.estimated_micros)), 0) / 1000000.0)::float8,
          'currency', coalesce(max(c.currency), max(n.currency)),
          'estimated', coalesce(bool_or(c.reported_micros is null and c.estimated_micros > 0), false)) end as cost,
        bool_or(c.reported_micros is not null) as is_reported
      from generations n
      left join call_costs c on c.workspace_id = n.workspace_id and c.generation_id = n.id and c.outcome is distinct from 'not-billed'
      where n.id = ${id} and n.workspace_id = ${workspaceId}
    ) computed
    where g.id = ${id} and g.workspace_id = ${workspaceId} and (g.output_micros > 0 or computed.is_reported)
      and g.cost is distinct from computed.cost`
  return count > 0
}
