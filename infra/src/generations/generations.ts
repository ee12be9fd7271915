import type { Status } from '@darkroom/contracts/enums'
import { sourceStatuses } from '@darkroom/contracts/lifecycle'
import type { PublicError } from '@darkroom/contracts/output'
import { generationSubject } from '@darkroom/contracts/subjects'
import type { Queryable, Transaction } from '../database/connection.ts'
import { enqueueChanges, enqueueMessage } from '../database/outbox.ts'

/** One change of status. */
export interface Transition {
  id: string
  to: Status
  attempt: number
  detail?: string
  error?: PublicError | null
}

/**
 * Changes the status of a generation if the state machine allows it: writes the row, its history and the `generation.changed` message
 * in the caller's transaction.
 *
 * @returns the previous status, or null if the generation does not exist or `to` cannot follow its status (nothing is written then)
 */
export async function transition(tx: Transaction, request: Transition): Promise<Status | null> {
  const [moved] = await tx<{ from: Status; workspaceId: string }[]>`
    with before as (select id, status from generations where id = ${request.id} for update),
    moved as (
      update generations g set
        version = g.version + 1,
        status = ${request.to},
        waiting = null,
        error = ${request.error ? tx.json(request.error) : null},
        started_at = case when ${request.to} = 'queued' then null
                          when ${request.to} = 'processing' then coalesce(g.started_at, clock_timestamp())
                          else g.started_at end,
        completed_at = case when ${request.to} in ('completed', 'failed', 'cancelled') then clock_timestamp() end
      from before
      where g.id = before.id and before.status = any(${sourceStatuses(request.to)})
      returning g.id, g.workspace_id, before.status as "from"
    ),
    recorded as (
      insert into generation_events (generation_id, attempt, from_status, to_status, detail)
      select id, ${request.attempt}, "from", ${request.to}, ${request.detail ?? null} from moved
    )
    select "from", workspace_id as "workspaceId" from moved`
  if (!moved) return null
  await publishChange(tx, request.id, moved.workspaceId)
  return moved.from
}

/** Increments the version of a generation, whose document has changed, and publishes the change. */
export async function bumpVersion(tx: Queryable, id: string): Promise<void> {
  const [row] = await tx<{ workspaceId: string }[]>`
    update generations set version = version + 1 where id = ${id} returning workspace_id as "workspaceId"`
  if (row) await publishChange(tx, id, row.workspaceId)
}

/** Publishes that a generation has changed, to its workspace. */
export async function publishChange(tx: Queryable, id: string, workspaceId: string): Promise<void> {
  await enqueueMessage(tx, generationSubject(workspaceId), { v: 1, type: 'generation.changed', id })
}

/** A generation, and the workspace that learns of its changes. */
export interface ChangedGeneration {
  id: string
  workspaceId: string
}

/** Increments the versions of generations, whose documents have changed, and publishes the changes, all by two statements. */
export async function bumpVersions(tx: Queryable, ids: readonly string[]): Promise<void> {
  const changed = await tx<ChangedGeneration[]>`
    update generations set version = version + 1 where id = any(${ids as string[]}::uuid[])
    returning id, workspace_id as "workspaceId"`
  await publishChanges(tx, changed)
}

/** Publishes that generations have changed, or are no more, each to its workspace. */
export async function publishChanges(tx: Queryable, changed: readonly ChangedGeneration[]): Promise<void> {
  await enqueueChanges(
    tx,
    changed.map(({ id, workspaceId }) => ({ id, subject: generationSubject(workspaceId) })),
  )
}

/**
 * Returns the public document of a generation, or null if the workspace has none of that id. It is JSON text, because most callers
 * pass it on unchanged.
 */
export async function readGeneration(
  db: Queryable,
  generation: { id: string; workspaceId: string },
): Promise<string | null> {
  const [row] = await db<{ document: string }[]>`
    select generation_document(g)::text as document from generations g
    where g.id = ${generation.id} and g.workspace_id = ${generation.workspaceId}`
  return row?.document ?? null
}
