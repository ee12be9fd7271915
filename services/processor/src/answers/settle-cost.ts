import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { updateGenerationCost } from '@darkroom/infra/generations/cost'
import { bumpVersion, findGenerationKey } from '@darkroom/infra/generations/generations'
import { type CostOutcome, endCallCost, recordReceipt } from '../generate/call-cost-rows.ts'
import { type Adapter, ProviderError, type Receipt } from '../providers/adapter.ts'
import { gatherReceipt } from '../providers/gather-receipt.ts'
import type { CallName, JournalEntry } from './journal.ts'

/** Records how a call of a cancelled generation has ended as far as its bill is concerned, and what it reported. */
export async function settleCost(
  database: Database,
  name: CallName,
  outcome: CostOutcome,
  receipt: Receipt = {},
): Promise<void> {
  await transaction(database, tx => recordBill(tx, name, { outcome, receipt }))
}

/** Records what is now known about the bill of a call that no worker has any more, and what its generation has cost by that. */
export async function recordBill(
  tx: Transaction,
  name: CallName,
  { outcome, receipt }: { outcome?: CostOutcome; receipt?: Receipt },
): Promise<void> {
  if (receipt) await recordReceipt(tx, name, receipt)
  if (outcome) await endCallCost(tx, name, outcome)
  const generation = await findGenerationKey(tx, name.generationId)
  if (generation && (await updateGenerationCost(tx, generation))) await bumpVersion(tx, generation)
}

/**
 * Ends a call whose outputs are all there and whose worker was killed before it could do so. What is read of its answer is the last
 * that is known about its bill.
 */
export async function settleMadeCall(
  database: Database,
  name: CallName,
  outcome: 'finished' | 'unknown',
  receipt: Receipt,
): Promise<void> {
  const { generationId, call, attempt } = name
  await transaction(database, async tx => {
    await tx`select from generation_jobs where generation_id = ${generationId} for update`
    const { count } = await tx`
      update provider_calls set finished_at = clock_timestamp(), outcome = ${outcome}
      where generation_id = ${generationId} and call = ${call} and attempt = ${attempt} and finished_at is null`
    if (count > 0) await recordBill(tx, name, { outcome, receipt })
  })
}

/**
 * Reads what an answer reports about its call. Its outputs are dropped: a retry reads them again.
 *
 * @returns also whether it has not broken off: what that reports last is not known
 */
export async function readReceipt(
  { submitting }: Adapter,
  entry: Extract<JournalEntry, { state: 'answered' }>,
  signal: AbortSignal,
): Promise<{ isWhole: boolean; receipt: Receipt }> {
  const { receipt, onReceipt } = gatherReceipt()
  if (submitting.kind !== 'remote') return { isWhole: true, receipt }
  try {
    const read = await submitting.readAnswer(entry.answer, { model: entry.model, indices: [0], signal, onReceipt })
    if (read.kind === 'outputs') for await (const _ of read.outputs) signal.throwIfAborted()
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    if (error.failure === 'unknown') return { isWhole: false, receipt }
  }
  return { isWhole: true, receipt }
}
