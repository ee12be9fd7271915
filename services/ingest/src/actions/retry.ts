import type { Status } from '@darkroom/contracts/enums'
import { jobSubject } from '@darkroom/contracts/subjects'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { post } from '@darkroom/infra/database/outbox'
import { move } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import { requireRoom } from '../submit/queue-quota.ts'
import { giveUpUnknownCalls, hasUnknownCall, reopenKnownCalls } from './call-rows.ts'
import { reopenJob } from './job-rows.ts'
import type { Held } from './lock-rows.ts'
import { wantOutputs } from './output-rows.ts'
import { changed, requireOutOfTrash } from './with-generation.ts'

export interface ReopenDeps {
  database: Database
  /** Unfinished generations that a workspace may have. */
  queueDepth: number
}

type Refusals = Partial<Record<Status, string>>

const UNFINISHED = {
  queued: 'It is waiting for its turn already.',
  processing: 'It is being made right now.',
  uploading: 'It is being saved right now.',
}
const NO_RETRY: Refusals = { ...UNFINISHED, completed: 'It is done. What is missing of it can be asked for by itself.' }
const NO_COMPLETE: Refusals = { ...UNFINISHED, cancelled: 'It was cancelled. Try it again as a whole instead.' }
const NO_CHECK: Refusals = {
  ...UNFINISHED,
  completed: 'It is done: the provider has nothing more of it.',
  cancelled: 'It was cancelled. Try it again instead: what the provider made all the same is not bought twice.',
}

const NOTHING_MISSING = 'Nothing of it is missing.'
const NO_NUMBER =
  'The provider gave no number to ask by, so nobody can find out whether it was made. Submit it anyway, which may be billed twice, or leave it.'
const NOTHING_SENT = 'The provider has nothing of it that could be asked about. Try it again instead.'

/**
 * Tries a generation again that failed or was cancelled: all that is missing is made, in another round.
 *
 * @returns the generation's JSON text
 * @throws ProblemError `not_found`; `conflict` in any other state; `too_many` if the queue is full
 */
export async function retry(deps: ReopenDeps, identity: Identity, id: string): Promise<string> {
  return await changed(deps, identity, id, async (tx, held) => {
    requireReopenable(held, NO_RETRY)
    await wantOutputs(tx, id, null)
    await makeAgain(tx, deps, held)
  })
}

/**
 * Asks for the outputs that are missing of a generation that has ended, and for nothing else, in another round.
 *
 * @returns the generation's JSON text
 * @throws ProblemError `not_found`; `conflict` in any other state or if nothing is missing; `too_many` if the queue is full
 */
export async function complete(deps: ReopenDeps, identity: Identity, id: string): Promise<string> {
  return await changed(deps, identity, id, async (tx, held) => {
    requireReopenable(held, NO_COMPLETE)
    if ((await wantOutputs(tx, id, null)) === 0) throw new ProblemError('conflict', NOTHING_MISSING)
    await makeAgain(tx, deps, held)
  })
}

/**
 * Has the provider asked again about what it was sent of a generation that failed. Nothing is bought by it.
 *
 * @returns the generation's JSON text
 * @throws ProblemError `not_found`; `conflict` in any other state, or if there is nothing to ask by
 */
export async function check(deps: { database: Database }, identity: Identity, id: string): Promise<string> {
  return await changed(deps, identity, id, async (tx, held) => {
    requireReopenable(held, NO_CHECK)
    const indices = await reopenKnownCalls(tx, id)
    if (indices.length === 0) {
      throw new ProblemError('conflict', (await hasUnknownCall(tx, id)) ? NO_NUMBER : NOTHING_SENT)
    }
    await wantOutputs(tx, id, indices)
    await move(tx, { id, to: 'processing', attempt: held.attempt, detail: 'the provider is asked again' })
    await reopenJob(tx, id, 'check')
    await announceWork(tx, held)
  })
}

function requireReopenable(held: Held, refusals: Refusals): void {
  requireOutOfTrash(held)
  const refusal = refusals[held.status]
  if (refusal !== undefined) throw new ProblemError('conflict', refusal)
}

async function makeAgain(tx: Transaction, { queueDepth }: ReopenDeps, held: Held): Promise<void> {
  const { id, attempt } = held
  await giveUpUnknownCalls(tx, id)
  await move(tx, { id, to: 'queued', attempt })
  await requireRoom(tx, held.workspaceId, queueDepth)
  await reopenJob(tx, id, 'make')
  await announceWork(tx, held)
}

async function announceWork(tx: Transaction, { id, provider }: Held): Promise<void> {
  await post(tx, jobSubject(provider), { v: 1, type: 'generation.queued', id })
}
