import type { Status } from '@darkroom/contracts/enums'
import { publicError } from '@darkroom/contracts/failures'
import type { Cancellation } from '@darkroom/contracts/generation'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import { CANCEL_SUBJECT } from '@darkroom/contracts/subjects'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { enqueueMessage } from '@darkroom/infra/database/outbox'
import { updateGenerationCost } from '@darkroom/infra/generations/cost'
import { transition } from '@darkroom/infra/generations/generations'
import { markTemporary } from '@darkroom/infra/generations/mark-temporary'
import type { Identity } from '@darkroom/infra/http/identity'
import { formatUsd } from '../submit/budget.ts'
import { type CallStage, readStagedCalls, type StagedCall } from './call-rows.ts'
import { closeJob } from './job-rows.ts'
import type { LockedGeneration } from './lock-rows.ts'
import { failUnfinishedOutputs } from './output-rows.ts'
import { withGeneration } from './with-generation.ts'

const TERMINAL_NOTES: Partial<Record<Status, string>> = {
  completed: 'It is done already: there is nothing left to stop.',
  failed: 'It has failed already: there is nothing left to stop.',
  cancelled: 'It was cancelled before.',
}

const CANCELLED_ERROR = publicError('cancelled')

/** Notes about the bill by the stage of a call, in the order in which they matter to people. */
const BILLING_NOTES: [CallStage, string][] = [
  ['under-way', 'The provider is asked to stop. What it has done until then may be billed.'],
  ['sending', 'It was just being sent to the provider, which may have taken it and may bill it.'],
  ['unknown', 'Whether the provider took it before is not known, so it may be billed.'],
  ['made', 'What the provider has made already is billed.'],
]
const NOTHING_SENT_NOTE = 'Nothing was sent to a provider, so nothing is billed.'
const NOTHING_BILLED_NOTE = 'The provider had nothing of it under way, so nothing more is billed.'
const FREE_NOTE = 'This model is free, so nothing is billed.'

/**
 * Cancels a generation that has not ended. The cancellation is final: of a concurrent cancel and completion, the one that
 * commits first counts.
 *
 * @throws ProblemError `not_found`
 */
export async function cancelGeneration(
  deps: { database: Database },
  identity: Identity,
  id: string,
): Promise<Cancellation> {
  return await withGeneration(deps, identity, id, async (tx, generation) => {
    if (isTerminal(generation.status)) return { cancelled: false, note: TERMINAL_NOTES[generation.status] ?? '' }
    return { cancelled: true, note: await cancelLockedGeneration(tx, generation) }
  })
}

/**
 * Cancels a locked generation that has not ended: its worker is fenced out, and the provider will be asked to cancel. Outputs
 * that were bought and have a URL become `temporary` until they are rehosted.
 *
 * @returns the note about the bill, for people
 */
export async function cancelLockedGeneration(tx: Transaction, generation: LockedGeneration): Promise<string> {
  const { id, workspaceId, attempt } = generation
  await transition(tx, { id, workspaceId, to: 'cancelled', attempt })
  await closeJob(tx, generation)
  await markTemporary(tx, generation, null)
  await failUnfinishedOutputs(tx, generation, CANCELLED_ERROR)
  await updateGenerationCost(tx, generation)
  await enqueueMessage(tx, CANCEL_SUBJECT, { v: 1, type: 'generation.cancelled', id }, workspaceId)
  return formatBillingNote(generation, await readStagedCalls(tx, generation))
}

function formatBillingNote({ isFree }: LockedGeneration, calls: StagedCall[]): string {
  if (calls.length === 0) return NOTHING_SENT_NOTE
  if (isFree) return FREE_NOTE
  const billed = calls.filter(({ stage }) => stage !== 'nothing')
  if (billed.length === 0) return NOTHING_BILLED_NOTE
  const notes = BILLING_NOTES.flatMap(([stage, note]) => (billed.some(call => call.stage === stage) ? [note] : []))
  return [...notes, ...formatAmount(billed)].join(' ')
}

/** Formats what calls cost together, where that is known. */
function formatAmount(calls: StagedCall[]): string[] {
  const micros = calls.reduce(
    (sum: number | null, call) => (sum === null || call.micros === null ? null : sum + call.micros),
    0,
  )
  return micros === null || micros === 0 ? [] : [`That would be about ${formatUsd(micros, Math.ceil)}.`]
}
