import { createRandom } from '../random.ts'
import type { PredictionRecord } from './state.ts'
import { PRICE_MICROS, type ReportedCost } from './wire.ts'

/** The bill for a prediction, whether or not it was reported. */
export interface InvoiceLine {
  id: string
  idempotencyKey: string | null
  model: string
  micros: number
}

/** Returns the bill for every prediction so far, as its provider has it. */
export function createInvoice(predictions: Iterable<PredictionRecord>): InvoiceLine[] {
  return Array.from(predictions, prediction => ({
    id: prediction.id,
    idempotencyKey: prediction.idempotencyKey,
    model: prediction.submission.model,
    micros: computeBill(prediction),
  }))
}

/** Returns the cost of a prediction that has ended, if it is reported at all. */
export function getReportedCost(prediction: PredictionRecord): ReportedCost | null {
  return prediction.reportsCost ? { micros: computeBill(prediction), currency: 'USD' } : null
}

/**
 * Returns the bill for a prediction. One that was cancelled in time is free. A cost that is reported is never that of the price list, and
 * that of a failed prediction is a part of it.
 */
function computeBill({ id, submission, cancelled, fails, reportsCost }: PredictionRecord): number {
  const listed = PRICE_MICROS * submission.indices.length
  if (cancelled) return 0
  if (!reportsCost) return listed
  const whole = listed - 1 - createRandom(`bill ${id}`).nextInt(listed >> 1)
  return fails ? Math.floor(whole / 3) : whole
}
