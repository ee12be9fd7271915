import type { Status } from '@darkroom/contracts/enums'
import { publicError } from '@darkroom/contracts/failures'
import type { Cancellation } from '@darkroom/contracts/generation'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import { CANCEL_SUBJECT } from '@darkroom/contracts/subjects'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { post } from '@darkroom/infra/database/outbox'
import { move } from '@darkroom/infra/generations/generations'
import { leaveAtProvider } from '@darkroom/infra/generations/mark-temporary'
import type { Identity } from '@darkroom/infra/http/identity'
import { type CallStage, stagesOfCalls } from './call-rows.ts'
import { closeJob } from './job-rows.ts'
import type { Held } from './lock-rows.ts'
import { failUnfinishedOutputs } from './output-rows.ts'
import { change } from './with-generation.ts'

const ENDED: Partial<Record<Status, string>> = {
  completed: 'It is done already: there is nothing left to stop.',
  failed: 'It has failed already: there is nothing left to stop.',
  cancelled: 'It was cancelled before.',
}

const NOT_MADE = publicError('cancelled')

/** What each stage of a call means for the bill, in the order in which it matters to people. */
const BILLS: [CallStage, string][] = [
  ['under-way', 'The provider is asked to stop. What it has done until then may be billed.'],
  ['sending', 'It was just being sent to the provider, which may have taken it and may bill it.'],
  ['unknown', 'Whether the provider took it before is not known, so it may be billed.'],
  ['made', 'What the provider has made already is billed.'],
]
const NOTHING_SENT = 'Nothing was sent to a provider, so nothing is billed.'
const NOTHING_BILLED = 'The provider had nothing of it under way, so nothing more is billed.'
const FREE = 'This model is free, so nothing is billed.'

/** Cancels a generation that has not ended, for good: of a cancel and an end, the first counts. @throws ProblemError `not_found` */
export async function cancel(deps: { database: Database }, identity: Identity, id: string): Promise<Cancellation> {
  return await change(deps, identity, id, async (tx, held) => {
    if (isTerminal(held.status)) return { cancelled: false, note: ENDED[held.status] ?? '' }
    return { cancelled: true, note: await stop(tx, held) }
  })
}

/**
 * Ends a held generation that has not ended: its worker is shut out, and the provider will be asked to stop. What was bought
 * and has an address is kept there until it is stored.
 *
 * @returns what it means for the bill, in words
 */
export async function stop(tx: Transaction, held: Held): Promise<string> {
  const { id, attempt } = held
  await move(tx, { id, to: 'cancelled', attempt })
  await closeJob(tx, id)
  await leaveAtProvider(tx, id, null)
  await failUnfinishedOutputs(tx, id, NOT_MADE)
  await post(tx, CANCEL_SUBJECT, { v: 1, type: 'generation.cancelled', id })
  return noteOf(held, await stagesOfCalls(tx, id, held.round))
}

function noteOf({ price }: Held, stages: CallStage[]): string {
  if (stages.length === 0) return NOTHING_SENT
  if (price === 'free') return FREE
  const said = BILLS.flatMap(([stage, words]) => (stages.includes(stage) ? [words] : []))
  return said.length === 0 ? NOTHING_BILLED : said.join(' ')
}
