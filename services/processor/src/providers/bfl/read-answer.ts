import type { AnswerOptions, SavedAnswer, SubmitResult } from '../adapter.ts'
import { decodeText } from '../http/read-response.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { formatHandle } from './task-handle.ts'
import { AsyncResponse } from './wire.ts'

/** A credit is a hundredth of a dollar [D]. */
const MICROS_PER_CREDIT = 10_000

/**
 * Reads the answer to a submission: where the task is polled, and its cost.
 *
 * @throws ProviderError of class `unknown` where it is cut off or makes no sense: it may have been made, and billed
 */
export async function readSubmission(
  answer: SavedAnswer,
  { signal, onReceipt }: AnswerOptions,
  baseUrl: string,
): Promise<SubmitResult> {
  await answer.headers()
  const texts = await Array.fromAsync(decodeText(answer.body(signal)))
  const { data } = AsyncResponse.safeParse(parseJson(texts.join('')))
  if (!data) throw createMisbehavedError('unknown')
  const { id, polling_url: pollingUrl, cost } = data
  onReceipt?.({ trace: id, ...(typeof cost === 'number' && { cost: toCost(cost) }) })
  const handle = formatHandle({ pollingUrl, id }, baseUrl)
  if (handle === undefined) throw createMisbehavedError('unknown')
  return { kind: 'accepted', handle }
}

function toCost(credits: number): { micros: number; currency: string } {
  return { micros: Math.round(credits * MICROS_PER_CREDIT), currency: 'USD' }
}

/** @throws ProviderError */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw createMisbehavedError('unknown')
  }
}
