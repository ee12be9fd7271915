import { publicError } from '@darkroom/contracts/failures'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Model } from '@darkroom/contracts/model'
import { isByConnection } from '@darkroom/contracts/other-model/failover-reason'
import type { Queryable, Transaction } from '@darkroom/infra/database/connection'
import type { GenerationKey } from '@darkroom/infra/generations/generations'
import { ProblemError } from '@darkroom/infra/http/problem'
import { cancelLockedGeneration } from '../actions/cancel.ts'
import { lockGeneration } from '../actions/lock-rows.ts'
import { throwValidationError } from '../validation-error.ts'
import { type ReplaceableRow, readReplaceable, writeInsteadOf, writeReplaced } from './replaceable-rows.ts'

const TAKEN =
  'Its provider may have taken it, so it may have been made, and billed. It is not made a second time elsewhere.'
const NOT_WAITING = 'It does not wait for its connection, and has not failed by it, so it is not made elsewhere.'

/**
 * Checks that a generation can be made elsewhere: it waits for its connection, or has failed by it, and no call of it was taken by its
 * provider, as far as anybody knows.
 *
 * @throws ProblemError `invalid` if the workspace has no such generation; `conflict`
 */
export async function assertReplaceable(db: Queryable, generation: GenerationKey): Promise<ReplaceableRow> {
  const row = await readReplaceable(db, generation)
  if (!row) throwValidationError([{ path: 'insteadOf', message: 'is not a generation of yours' }])
  if (row.failedBy === 'replaced') throw new ProblemError('conflict', 'It is made elsewhere already.')
  if (row.isTrashed) throw new ProblemError('conflict', 'It is in the trash. Restore it first.')
  if (!isByConnection(row)) throw new ProblemError('conflict', NOT_WAITING)
  if (row.hasTakenCall || row.hasOutput) throw new ProblemError('conflict', TAKEN)
  return row
}

/**
 * Ends a generation because another one, which this transaction has written, is made in its place. One that waits is cancelled.
 *
 * @param by the other generation, and its model
 * @throws ProblemError as `assertReplaceable` does
 */
export async function replaceGeneration(
  tx: Transaction,
  replaced: GenerationKey,
  by: GenerationKey & { model: Pick<Model, 'name'> },
): Promise<void> {
  const locked = await lockGeneration(tx, replaced.workspaceId, replaced.id)
  const { model } = await assertReplaceable(tx, replaced)
  if (locked && !isTerminal(locked.status)) await cancelLockedGeneration(tx, locked)
  await writeReplaced(tx, replaced, publicError('replaced', `This is made with ${by.model.name} instead.`))
  await writeInsteadOf(tx, by, { generationId: replaced.id, model })
}
