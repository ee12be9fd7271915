import type { Status } from '@darkroom/contracts/enums'
import type { Transaction } from '@darkroom/infra/database/connection'

/** A generation that is held for a change. */
export interface LockedGeneration {
  id: string
  workspaceId: string
  status: Status
  attempt: number
  round: number
  provider: string
  place: 'studio' | 'trash'
  price: 'billed' | 'free'
}

/**
 * Locks a generation of a workspace until the transaction ends, against workers too: everybody who changes one locks its job
 * first. It is read by a statement of its own, because one that has waited for the lock still sees what was before.
 *
 * @returns undefined if there is none
 */
export async function lockGeneration(
  tx: Transaction,
  workspaceId: string,
  id: string,
): Promise<LockedGeneration | undefined> {
  const [locked] = await tx`
    select from generation_jobs j join generations g on g.id = j.generation_id
    where g.id = ${id} and g.workspace_id = ${workspaceId} for update of j`
  if (!locked) return undefined
  const [generation] = await tx<LockedGeneration[]>`
    select g.id, g.workspace_id as "workspaceId", g.status, j.attempt, j.round, g.provider,
           case when g.deleted_at is null then 'studio' else 'trash' end as place,
           case when g.cost is null then 'free' else 'billed' end as price
    from generations g join generation_jobs j on j.generation_id = g.id where g.id = ${id}`
  return generation
}
