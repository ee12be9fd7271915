import type { Queryable } from '@darkroom/infra/database/connection'
import { ProblemError } from '@darkroom/infra/http/problem'
import { hasMoreUnfinished } from './generation-rows.ts'

const RETRY_AFTER_SECONDS = 30

/**
 * Checks that a workspace has no more unfinished generations than allowed.
 *
 * @param limit unfinished generations that it may have now
 * @throws ProblemError `too_many` with a `Retry-After`
 */
export async function assertQueueQuota(db: Queryable, workspaceId: string, limit: number): Promise<void> {
  if (!(await hasMoreUnfinished(db, workspaceId, limit))) return
  throw new ProblemError('too_many', 'Too many generations are waiting. Try again when some of them are done.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  })
}
