import type { Status } from '@darkroom/contracts/enums'
import { sourceStatuses } from '@darkroom/contracts/lifecycle'
import type { PublicError } from '@darkroom/contracts/output'
import { generationSubject } from '@darkroom/contracts/subjects'
import type { Queryable, Transaction } from '../database/connection.ts'
import { enqueueChanges, enqueueMessage } from '../database/outbox.ts'

/** A generation by its id, in the workspace that has it and that learns of its changes. */
export interface GenerationKey {
  id: string
  workspaceId: string
}

/** One change of status. */
export interface Transition extends GenerationKey {
  to: Status
  attempt: number
  detail?: string
  error?: PublicError | null
}

/**
 * Changes the status of a generation if the state machine allows it: writes the row, its history and the `generation.changed` message
 * in the caller's transaction. A wait ends by it, and does not count as work.
 *
 * @returns the previous status, or null if the workspace has no such generation or `to` cannot follow its status (nothing is written
 *   then)
 */
export async function transition(tx: Transaction, request: Transition): Promise<Status | null> {
  const [moved] = await tx<{ from: Status }[]>`
    with waited as (
      ${selectWait(tx, request)}
    ),
    before as (
      select id, workspace_id, status from generations
      where id = ${request.id} and workspace_id = ${request.workspaceId} for update
    ),
    moved as (
      update generations g set
        version = g.version + 1,
        status = ${request.to},
        waiting = null,
        error = ${request.error ? tx.json(request.error) : null},
        started_at = case when ${request.to} = 'queued' then null
                          when ${request.to} = 'processing' and g.started_at is null then clock_timestamp()
                          else g.started_at + coalesce((select duration from waited), interval '0') end,
        completed_at = case when ${request.to} in ('completed', 'failed', 'cancelled') then clock_timestamp() end
      from before
      where g.id = before.id and g.workspace_id = before.workspace_id and before.status = any(${sourceStatuses(request.to)})
      returning g.id, g.workspace_id, before.status as "from"
    ),
    unwaited as (
      update generation_jobs j set waiting_since = null, waiting_seen_at = null from moved
      where j.workspace_id = moved.workspace_id and j.generation_id = moved.id and j.waiting_since is not null
    ),
    recorded as (
      insert into generation_events (workspace_id, generation_id, attempt, from_status, to_status, detail)
      select workspace_id, id, ${request.attempt}, "from", ${request.to}, ${request.detail ?? null} from moved
    )
    select "from" from moved`
  if (!moved) return null
  await publishChange(tx, request)
  return moved.from
}

/**
 * Returns the subquery for the `duration` of a generation's wait, which has no row while it does not wait. What follows the last look at
 * the provider's queue is not part of it: the provider may have begun.
 */
export function selectWait(db: Queryable, { id, workspaceId }: GenerationKey) {
  return db`
    select coalesce(waiting_seen_at, clock_timestamp()) - waiting_since as duration from generation_jobs
    where generation_id = ${id} and workspace_id = ${workspaceId} and waiting_since is not null`
}

/** Increments the version of a generation, whose document has changed, and publishes the change. */
export async function bumpVersion(tx: Queryable, { id, workspaceId }: GenerationKey): Promise<void> {
  const { count } = await tx`
    update generations set version = version + 1 where id = ${id} and workspace_id = ${workspaceId}`
  if (count > 0) await publishChange(tx, { id, workspaceId })
}

/** Finds the workspace of a generation, for work that concerns all workspaces; undefined if there is no such generation. */
export async function findGenerationKey(db: Queryable, id: string): Promise<GenerationKey | undefined> {
  const [key] = await db<GenerationKey[]>`select id, workspace_id as "workspaceId" from generations where id = ${id}`
  return key
}

/** Publishes that a generation has changed, to its workspace. */
export async function publishChange(tx: Queryable, { id, workspaceId }: GenerationKey): Promise<void> {
  await enqueueMessage(tx, generationSubject(workspaceId), { v: 1, type: 'generation.changed', id }, workspaceId)
}

/** Increments the versions of generations, whose documents have changed, and publishes the changes, all by two statements. */
export async function bumpVersions(tx: Queryable, generations: readonly GenerationKey[]): Promise<void> {
  const [ids, workspaces] = [generations.map(({ id }) => id), generations.map(({ workspaceId }) => workspaceId)]
  const changed = await tx<GenerationKey[]>`
    update generations g set version = g.version + 1
    from unnest(${ids}::uuid[], ${workspaces}::uuid[]) changed (id, workspace_id)
    where g.id = changed.id and g.workspace_id = changed.workspace_id
    returning g.id, g.workspace_id as "workspaceId"`
  await publishChanges(tx, changed)
}

/** Publishes that generations have changed, or are no more, each to its workspace. */
export async function publishChanges(tx: Queryable, changed: readonly GenerationKey[]): Promise<void> {
  await enqueueChanges(
    tx,
    changed.map(({ id, workspaceId }) => ({ id, workspaceId, subject: generationSubject(workspaceId) })),
  )
}

/**
 * Returns the public document of a generation, or null if the workspace has none of that id. It is JSON text, because most callers
 * pass it on unchanged.
 */
export async function readGeneration(db: Queryable, generation: GenerationKey): Promise<string | null> {
  const [row] = await db<{ document: string }[]>`
    select generation_document(g)::text as document from generations g
    where g.id = ${generation.id} and g.workspace_id = ${generation.workspaceId}`
  return row?.document ?? null
}
