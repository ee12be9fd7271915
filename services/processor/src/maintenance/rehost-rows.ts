import type { OutputState } from '@darkroom/contracts/enums'
import type { PublicError } from '@darkroom/contracts/output'
import type { Database, Queryable, Transaction } from '@darkroom/infra/database/connection'
import { isActive } from '@darkroom/infra/database/studio-state'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import { type StoredOutput, setStoredColumns } from '../outputs/output-rows.ts'

/** A temporary output (stored only at its provider) that one process has taken to rehost. */
export interface Rehost {
  id: string
  index: number
  /** Tries so far, this one included. It is the fence: a process that takes the row later has another number. */
  tries: number
  workspaceId: string
  /** Attempt of the generation when the row was taken. */
  attempt: number
  state: OutputState
  url: string | null
  /** URL of the provider's image of a video. */
  posterUrl: string | null
  needsAuth: boolean
  /** Whether a call of this studio was answered with the URL. Only then may it lead to the provider's private addresses. */
  isFromCall: boolean
  /** Id of the connection that the output is at. */
  connection: string
  /** Seconds until the provider's URL expires; negative once it has, null if no expiry was announced. */
  expiresIn: number | null
  /** Seconds since the generation was completed, here or by its import; 0 while it is not. */
  age: number
}

/**
 * Takes the output that has been due the longest, if there is one. Other processes do not see it for
 * `visibilityTimeoutSeconds`; after that it is due again, if its process has died. All times are the database's.
 */
export async function takeRehost(db: Database, visibilityTimeoutSeconds: number): Promise<Rehost | undefined> {
  const [rehost] = await db<Rehost[]>`
    with due as (
      select generation_id, index from rehosts where next_try_at <= now() and ${isActive(db)}
      order by next_try_at limit 1 for update skip locked
    ),
    taken as (
      update rehosts r set tries = r.tries + 1, next_try_at = now() + make_interval(secs => ${visibilityTimeoutSeconds})
      from due where r.generation_id = due.generation_id and r.index = due.index
      returning r.generation_id, r.index, r.tries, r.created_at
    )
    select t.generation_id as id, t.index, t.tries, g.workspace_id as "workspaceId", j.attempt, o.state,
           o.provider_url as url, o.poster_url as "posterUrl", o.needs_auth as "needsAuth", o.from_call as "isFromCall",
           g.provider as connection,
           extract(epoch from o.expires_at - now())::float as "expiresIn",
           coalesce(extract(epoch from now() - greatest(g.completed_at, t.created_at)), 0)::float as age
    from taken t
    join generation_outputs o on o.generation_id = t.generation_id and o.index = t.index
    join generations g on g.id = t.generation_id
    join generation_jobs j on j.generation_id = t.generation_id`
  return rehost
}

/**
 * Records why an output cannot be fetched, while it is still tried.
 *
 * @returns false if that is recorded already, or it is no longer temporary
 */
export async function recordRefusal(tx: Transaction, rehost: Rehost, error: PublicError): Promise<boolean> {
  await lockJob(tx, rehost)
  const { count } = await tx`
    update generation_outputs set error = ${tx.json(error)}
    where generation_id = ${rehost.id} and index = ${rehost.index} and state = 'temporary'
      and provider_url = ${rehost.url} and error is distinct from ${tx.json(error)}`
  if (count > 0) await bumpVersion(tx, rehost)
  return count > 0
}

/** Makes a taken output due again after a delay. */
export async function postponeRehost(db: Queryable, rehost: Rehost, milliseconds: number): Promise<void> {
  await db`
    update rehosts set next_try_at = now() + make_interval(secs => ${milliseconds / 1_000})
    where generation_id = ${rehost.id} and index = ${rehost.index} and tries = ${rehost.tries}`
}

/**
 * Marks an output stored.
 *
 * @returns false if it is no longer temporary at that URL, or was deleted; nothing is written then
 */
export async function markRehosted(tx: Transaction, rehost: Rehost, output: StoredOutput): Promise<boolean> {
  await lockJob(tx, rehost)
  const { count } = await tx`
    update generation_outputs set ${setStoredColumns(tx, output)}
    where generation_id = ${rehost.id} and index = ${rehost.index} and state = 'temporary' and provider_url = ${rehost.url}`
  if (count === 0) return false
  await deleteRehost(tx, rehost)
  return true
}

/**
 * Marks an output lost. The generation's status does not change.
 *
 * @returns false if another process has taken it since, or it is no longer temporary; nothing is written then
 */
export async function markLost(tx: Transaction, rehost: Rehost, error: PublicError): Promise<boolean> {
  await lockJob(tx, rehost)
  const { count } = await tx`
    update generation_outputs o set state = 'lost', error = ${tx.json(error)}
    from rehosts r
    where o.generation_id = ${rehost.id} and o.index = ${rehost.index} and o.state = 'temporary'
      and o.provider_url = ${rehost.url}
      and r.generation_id = o.generation_id and r.index = o.index and r.tries = ${rehost.tries}`
  if (count === 0) return false
  await deleteRehost(tx, rehost)
  return true
}

/** Deletes the rehost of an output that is no longer temporary. That of a deleted output waits until it is restored or purged. */
export async function setRehostAside(tx: Transaction, rehost: Rehost): Promise<void> {
  await lockJob(tx, rehost)
  await tx`
    update rehosts r set next_try_at = 'infinity' from generation_outputs o
    where r.generation_id = ${rehost.id} and r.index = ${rehost.index}
      and o.generation_id = r.generation_id and o.index = r.index and o.state = 'deleted'`
  await tx`
    delete from rehosts r using generation_outputs o
    where r.generation_id = ${rehost.id} and r.index = ${rehost.index}
      and o.generation_id = r.generation_id and o.index = r.index and o.state not in ('temporary', 'deleted')`
}

/** Counts the outputs that wait to be rehosted. */
export async function countRehosts(db: Queryable): Promise<number> {
  const [row] = await db<{ count: number }[]>`select count(*)::int as count from rehosts where next_try_at < 'infinity'`
  return row?.count ?? 0
}

/** Locks the job, which every writing transaction locks first: they cannot deadlock. */
async function lockJob(tx: Transaction, { id }: Rehost): Promise<void> {
  await tx`select from generation_jobs where generation_id = ${id} for update`
}

async function deleteRehost(tx: Transaction, rehost: Rehost): Promise<void> {
  await tx`delete from rehosts where generation_id = ${rehost.id} and index = ${rehost.index}`
  await bumpVersion(tx, rehost)
}
