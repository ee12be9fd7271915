import type { Status } from '@darkroom/contracts/enums'
import type { PublicError } from '@darkroom/contracts/output'
import type { Queryable, Transaction } from '@darkroom/infra/database/connection'
import { bumpVersion, type GenerationKey } from '@darkroom/infra/generations/generations'

/** A generation that may be made elsewhere, as far as that depends on its rows. */
export interface ReplaceableRow {
  status: Status
  model: string
  isTrashed: boolean
  /** Reason of its wait; null if it does not wait. */
  waitsFor: string | null
  /** Code of its error; null if it has none. */
  failedBy: string | null
  /** Whether its provider may have taken a call of it: one is open, was made, or has an outcome that nobody knows. */
  hasTakenCall: boolean
  /** Whether something of it was made. */
  hasOutput: boolean
}

/** Reads a generation of a workspace; undefined if it has no such one. */
export async function readReplaceable(
  db: Queryable,
  { id, workspaceId }: GenerationKey,
): Promise<ReplaceableRow | undefined> {
  const [row] = await db<ReplaceableRow[]>`
    select g.status, g.model, g.deleted_at is not null as "isTrashed", g.waiting ->> 'reason' as "waitsFor",
      g.error ->> 'code' as "failedBy",
      exists (
        select from provider_calls p where p.workspace_id = g.workspace_id and p.generation_id = g.id
          and (p.finished_at is null or p.outcome is null or p.outcome in ('finished', 'too-late', 'unknown'))) as "hasTakenCall",
      exists (
        select from generation_outputs o where o.workspace_id = g.workspace_id and o.generation_id = g.id
          and o.state not in ('pending', 'failed')) as "hasOutput"
    from generations g where g.id = ${id} and g.workspace_id = ${workspaceId}`
  return row
}

/** Records on a generation that has ended that another one is made instead. */
export async function writeReplaced(tx: Transaction, generation: GenerationKey, error: PublicError): Promise<void> {
  const { id, workspaceId } = generation
  await tx`
    update generations set error = ${tx.json({ ...error })} where id = ${id} and workspace_id = ${workspaceId}`
  await bumpVersion(tx, generation)
}

/** Records on a generation that it is made in the place of another one, and for which model that one was. */
export async function writeInsteadOf(
  tx: Transaction,
  { id, workspaceId }: GenerationKey,
  replaced: { generationId: string; model: string },
): Promise<void> {
  await tx`
    update generations set instead_of = ${tx.json(replaced)} where id = ${id} and workspace_id = ${workspaceId}`
}
