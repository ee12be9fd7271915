import type { Queryable } from '@darkroom/infra/database/connection'
import { ProblemError } from '@darkroom/infra/http/problem'
import { hasMoreUnfinished } from '../actions/job-rows.ts'

const RETRY_AFTER_SECONDS = 30

/**
 * Refuses what would make a workspace's queue too long.
 *
 * @param limit unfinished generations that it may have as it is now
 * @throws ProblemError `too_many`, saying when to come back
 */
export async function assertQueueQuota(db: Queryable, workspaceId: string, limit: number): Promise<void> {
  if (!(await hasMoreUnfinished(db, workspaceId, limit))) return
  throw new ProblemError('too_many', 'Too many generations are waiting. Try again when some of them are done.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  })
}
