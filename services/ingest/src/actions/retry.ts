import type { Status } from '@darkroom/contracts/enums'
import { jobSubject } from '@darkroom/contracts/subjects'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { enqueueMessage } from '@darkroom/infra/database/outbox'
import { type Transition, transition } from '@darkroom/infra/generations/generations'
import { reopenJob, resetOutputs } from '@darkroom/infra/generations/reopen'
import type { Identity } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import { assertActive } from '../submit/assert-active.ts'
import { assertStillWithinBudgets, type BudgetDeps } from '../submit/budget.ts'
import { assertQueueQuota } from '../submit/queue-quota.ts'
import { closeUnknownCalls, hasUnknownCall, reopenKnownCalls, reopenLateCalls } from './call-rows.ts'
import type { LockedGeneration } from './lock-rows.ts'
import { type ActionRequest, type ActionResult, assertNotTrashed, updateOnce } from './with-generation.ts'

export interface RetryDeps extends BudgetDeps {
  database: Database
  /** Unfinished generations that a workspace may have. */
  queueDepth: number
}

type ConflictMessages = Partial<Record<Status, string>>

const UNFINISHED_MESSAGES = {
  queued: 'It is waiting for its turn already.',
  processing: 'It is being made right now.',
  uploading: 'It is being saved right now.',
}
const RETRY_CONFLICTS: ConflictMessages = {
  ...UNFINISHED_MESSAGES,
  completed: 'It is done. What is missing of it can be asked for by itself.',
}
const MISSING_OUTPUTS_CONFLICTS: ConflictMessages = {
  ...UNFINISHED_MESSAGES,
  cancelled: 'It was cancelled. Try it again as a whole instead.',
}
const RECHECK_CONFLICTS: ConflictMessages = {
  ...UNFINISHED_MESSAGES,
  completed: 'It is done: the provider has nothing more of it.',
  cancelled: 'It was cancelled. Try it again instead: what the provider made all the same is not bought twice.',
}

const NOTHING_MISSING = 'Nothing of it is missing.'
const NO_REQUEST_ID =
  'The provider gave no number to ask by, so nobody can find out whether it was made. Submit it anyway, which may be billed twice, or leave it.'
const NOTHING_SENT = 'The provider has nothing of it that could be asked about. Try it again instead.'

/**
 * Retries a generation that failed or was cancelled: all missing outputs are made, in another round.
 *
 * @throws ProblemError `not_found`; `conflict` in any other state or in a restored copy; `too_many` if the queue is full;
 *   `budget_reached`
 */
export async function retryGeneration(
  deps: RetryDeps,
  identity: Identity,
  request: ActionRequest,
): Promise<ActionResult> {
  return await updateOnce(deps, identity, { ...request, action: 'retry' }, async (tx, generation) => {
    assertActionAllowed(generation, RETRY_CONFLICTS)
    await assertActive(tx)
    await resetOutputs(tx, generation, null)
    await requeueGeneration(tx, deps, generation)
  })
}

/**
 * Requests the missing outputs of a generation that has ended, and nothing else, in another round.
 *
 * @throws ProblemError `not_found`; `conflict` in any other state or in a restored copy or if nothing is missing; `too_many` if the queue is full;
 *   `budget_reached`
 */
export async function requestMissingOutputs(
  deps: RetryDeps,
  identity: Identity,
  request: ActionRequest,
): Promise<ActionResult> {
  return await updateOnce(deps, identity, { ...request, action: 'complete' }, async (tx, generation) => {
    assertActionAllowed(generation, MISSING_OUTPUTS_CONFLICTS)
    await assertActive(tx)
    if ((await resetOutputs(tx, generation, null)) === 0) throw new ProblemError('conflict', NOTHING_MISSING)
    await requeueGeneration(tx, deps, generation)
  })
}

/**
 * Reopens a failed generation to poll the provider again about the calls that it accepted. Nothing is bought.
 *
 * @throws ProblemError `not_found`; `conflict` in any other state or in a restored copy, or if no call has a request id
 */
export async function recheckGeneration(
  deps: { database: Database },
  identity: Identity,
  request: ActionRequest,
): Promise<ActionResult> {
  return await updateOnce(deps, identity, { ...request, action: 'check' }, async (tx, generation) => {
    assertActionAllowed(generation, RECHECK_CONFLICTS)
    await assertActive(tx)
    const indices = await reopenKnownCalls(tx, generation)
    if (indices.length === 0) {
      throw new ProblemError('conflict', (await hasUnknownCall(tx, generation)) ? NO_REQUEST_ID : NOTHING_SENT)
    }
    await resetOutputs(tx, generation, indices)
    await transition(tx, { ...toTransition(generation, 'processing'), detail: 'the provider is asked again' })
    await reopenJob(tx, generation, 'check')
    await enqueueJob(tx, generation)
  })
}

function assertActionAllowed(generation: LockedGeneration, messages: ConflictMessages): void {
  assertNotTrashed(generation)
  const message = messages[generation.status]
  if (message !== undefined) throw new ProblemError('conflict', message)
}

async function requeueGeneration(tx: Transaction, deps: RetryDeps, generation: LockedGeneration): Promise<void> {
  const { id, workspaceId, provider: connection, outputMicros, currency } = generation
  await closeUnknownCalls(tx, generation)
  await reopenLateCalls(tx, generation)
  await transition(tx, toTransition(generation, 'queued'))
  await assertQueueQuota(tx, workspaceId, deps.queueDepth)
  await reopenJob(tx, generation, 'make')
  await assertStillWithinBudgets(tx, deps, { id, workspaceId, connection, outputMicros, currency })
  await enqueueJob(tx, generation)
}

function toTransition({ id, workspaceId, attempt }: LockedGeneration, to: Status): Transition {
  return { id, workspaceId, to, attempt }
}

async function enqueueJob(tx: Transaction, { id, workspaceId, provider }: LockedGeneration): Promise<void> {
  await enqueueMessage(tx, jobSubject(provider), { v: 1, type: 'generation.queued', id }, workspaceId)
}
