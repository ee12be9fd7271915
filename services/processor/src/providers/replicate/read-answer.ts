import type { AnswerOptions, SavedAnswer, SubmitResult } from '../adapter.ts'
import { parseJson } from '../http/parse-json.ts'
import { decodeText } from '../http/read-response.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { Prediction } from './wire.ts'

/**
 * Reads the answer to a submission: the id of a prediction, which is its handle, and what Replicate's support and invoice know it by.
 *
 * @throws ProviderError of class `unknown` where it is cut off or makes no sense: the prediction may run, and be billed
 */
export async function readAnswer(
  answer: SavedAnswer,
  { signal, onReceipt }: Pick<AnswerOptions, 'signal' | 'onReceipt'>,
): Promise<SubmitResult> {
  await answer.headers()
  const text = (await Array.fromAsync(decodeText(answer.body(signal)))).join('')
  const { data } = Prediction.safeParse(parseJson(text))
  if (!data) throw createMisbehavedError('unknown')
  onReceipt?.({ trace: data.id })
  return { kind: 'accepted', handle: data.id }
}
