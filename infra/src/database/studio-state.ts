import type { Database, Queryable, Transaction } from './connection.ts'

/** Facts of the whole studio. */
export interface StudioState {
  /** Identity of the studio, which its store has as well. */
  id: string
  /** `restored`: the original of this copy may still run, so nothing is submitted, polled, rehosted or removed. */
  mode: 'active' | 'restored'
}

export async function readStudioState(db: Queryable): Promise<StudioState> {
  const [state] = await db<StudioState[]>`select id, mode from studio`
  if (!state) throw new Error('the table studio has no row')
  return state
}

/**
 * Returns the condition that the studio may submit, poll, rehost and remove. A statement has it where it would otherwise take up work
 * that the original of a restored copy may be doing.
 */
export function isActive(db: Queryable) {
  return db`(select mode = 'active' from studio)`
}

/** Ends the mode `restored`. @returns whether the studio was in it */
export async function takeOver(db: Queryable): Promise<boolean> {
  const { count } = await db`update studio set mode = 'active' where mode = 'restored'`
  return count > 0
}

/**
 * Pauses the removal of objects: a backup that runs needs every object that a row of its snapshot refers to. Waits for the removals
 * that are under way. A backup extends the pause while it runs, so that the pause of one that was killed ends by itself.
 */
export async function pauseRemovals(database: Database, seconds: number): Promise<void> {
  await database`
    update studio set removals_paused_until =
      greatest(removals_paused_until, clock_timestamp() + make_interval(secs => ${seconds}))`
}

/**
 * Ends the pause.
 *
 * @param afterSeconds time in which another backup that runs extends the pause
 */
export async function resumeRemovals(database: Database, afterSeconds = 0): Promise<void> {
  await database`
    update studio set removals_paused_until =
      least(removals_paused_until, clock_timestamp() + make_interval(secs => ${afterSeconds}))
    where removals_paused_until is not null`
}

/**
 * Returns whether objects may be removed until the end of this transaction. A backup that begins meanwhile waits for it, because the
 * row is locked.
 */
export async function lockRemovals(tx: Transaction): Promise<boolean> {
  const [state] = await tx<{ allowed: boolean }[]>`
    select mode = 'active' and coalesce(removals_paused_until < clock_timestamp(), true) as allowed from studio for share`
  return state?.allowed ?? false
}
