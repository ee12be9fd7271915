import { CANCEL_SUBJECT } from '@darkroom/contracts/subjects'
import { transaction } from '@darkroom/infra/database/transaction'
import { transition } from '@darkroom/infra/generations/generations'
import { markTemporary } from '@darkroom/infra/generations/mark-temporary'
import type { WorkerEnv } from '../worker-env.fixture.ts'

/** Changes the rows as ingest does when a user cancels, and publishes the message if `isPublished`. */
export async function cancelAsUser(
  { database, bus, workspaceId }: WorkerEnv,
  id: string,
  options: { isPublished: boolean },
): Promise<void> {
  await transaction(database, async tx => {
    await tx`select from generation_jobs where generation_id = ${id} for update`
    await transition(tx, { id, workspaceId, to: 'cancelled', attempt: 0 })
    await tx`update generation_jobs set lease_until = null, lease_owner = null, next_check_at = null where generation_id = ${id}`
    await markTemporary(tx, { id, workspaceId }, null)
    await tx`update generation_outputs set state = 'failed' where generation_id = ${id} and state in ('pending', 'saving')`
  })
  if (options.isPublished)
    await bus.publish(CANCEL_SUBJECT, { v: 1, type: 'generation.cancelled', id }, crypto.randomUUID())
}

/** Changes the rows as ingest does when a user retries (`make`) or has the provider checked again (`check`), and queues the job. */
export async function retryAsUser(env: WorkerEnv, id: string, mode: 'make' | 'check'): Promise<void> {
  await transaction(env.database, async tx => {
    await tx`
      update generation_outputs set state = 'pending', error = null, provider_url = null
      where generation_id = ${id} and state in ('failed', 'lost')`
    if (mode === 'check')
      await tx`update provider_calls set finished_at = null, outcome = null where generation_id = ${id} and request_id is not null`
    else {
      await tx`
        update provider_calls set finished_at = now(), outcome = 'unknown'
        where generation_id = ${id} and finished_at is null and request_id is null`
      await tx`update provider_calls set finished_at = null where generation_id = ${id} and outcome = 'too-late'`
    }
    await transition(tx, {
      id,
      workspaceId: env.workspaceId,
      to: mode === 'make' ? 'queued' : 'processing',
      attempt: 0,
    })
    await tx`
      update generation_jobs set mode = ${mode}, round = round + ${mode === 'make' ? 1 : 0}, failures = 0, lease_until = null,
        next_check_at = null where generation_id = ${id}`
  })
  await env.publishJob(id)
}
