import type { Status } from '@darkroom/contracts/enums'
import type { Transaction } from '@darkroom/infra/database/connection'
import type { GenerationKey } from '@darkroom/infra/generations/generations'

/** A generation whose job row is locked by the current transaction. */
export interface LockedGeneration extends GenerationKey {
  status: Status
  attempt: number
  round: number
  provider: string
  isTrashed: boolean
  isFree: boolean
  /** Estimated price of one output, in micro-units; null if it is unknown. */
  outputMicros: number | null
  currency: string
}

/**
 * Locks a generation of a workspace until the transaction ends, against workers too: every change of a generation locks its
 * row in `generation_jobs` first. A statement of its own reads the generation, because one that has waited for the lock still
 * sees joined rows as they were before.
 *
 * @returns undefined if the workspace has no such generation
 */
export async function lockGeneration(
  tx: Transaction,
  workspaceId: string,
  id: string,
): Promise<LockedGeneration | undefined> {
  const [locked] = await tx`
    select from generation_jobs j join generations g on g.id = j.generation_id and g.workspace_id = j.workspace_id
    where g.id = ${id} and g.workspace_id = ${workspaceId} for update of j`
  if (!locked) return undefined
  const [generation] = await tx<LockedGeneration[]>`
    select g.id, g.workspace_id as "workspaceId", g.status, j.attempt, j.round, g.provider,
           g.deleted_at is not null as "isTrashed", price.micros is not distinct from 0 as "isFree",
           price.micros as "outputMicros", g.currency
    from generations g join generation_jobs j on j.generation_id = g.id and j.workspace_id = g.workspace_id, lateral (
      -- A generation of an older version has no price: that of a model that is free now is known.
      select coalesce(g.output_micros, (
        select 0 from models m where m.id = g.model and m.capability -> 'price' ->> 'kind' = 'free')) as micros) price
    where g.id = ${id} and g.workspace_id = ${workspaceId}`
  return generation
}
