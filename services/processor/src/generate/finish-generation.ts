import { publicError } from '@darkroom/contracts/failures'
import type { PublicError } from '@darkroom/contracts/output'
import type { Transaction } from '@darkroom/infra/database/connection'
import { updateGenerationCost } from '@darkroom/infra/generations/cost'
import { transition } from '@darkroom/infra/generations/generations'
import { markTemporary } from '@darkroom/infra/generations/mark-temporary'
import { markFailed, recordTiming, summarizeOutputs } from '../outputs/output-rows.ts'
import type { Job } from '../queue/job.ts'
import { endOpenCallCosts } from './call-cost-rows.ts'

const NOT_MADE = publicError('not_made')

/**
 * Ends a generation: completed if at least one output is stored or temporary, else failed. Missing outputs are marked failed.
 *
 * @param error the error of outputs that are still missing
 */
export async function finishGeneration(tx: Transaction, job: Job, error: PublicError = NOT_MADE): Promise<void> {
  const { attempt, id, workspaceId } = job
  const indices = job.outputs.map(output => output.index)
  await markTemporary(tx, job, null)
  await markFailed(tx, job, indices, error)
  const summary = await summarizeOutputs(tx, job)
  if (summary.available === 0) {
    await transition(tx, { id, workspaceId, to: 'failed', attempt, error: summary.error ?? error })
  } else {
    await markUploading(tx, job)
    await transition(tx, { id, workspaceId, to: 'completed', attempt })
  }
  await endOpenCallCosts(tx, id)
  await updateGenerationCost(tx, job)
  if (summary.available === indices.length && isUninterrupted(job)) await recordTiming(tx, job)
  await tx`
    update generation_jobs set lease_until = null, lease_owner = null, stage = null, progress = null
    where generation_id = ${id}`
}

/** Moves a generation to `uploading`: its provider has finished, and only the storing is left. */
export async function markUploading(tx: Transaction, job: Job): Promise<void> {
  const { id, workspaceId, attempt } = job
  const [row] = await tx<{ status: string }[]>`select status from generations where id = ${id}`
  if (row?.status === 'processing') await transition(tx, { id, workspaceId, to: 'uploading', attempt })
}

/** Returns whether the job's duration may be learned from: a failure or a retry would distort it. */
function isUninterrupted(job: Job): boolean {
  return job.round === 1 && job.failures === 0
}
