import type { AnswerOptions, SavedAnswer, SubmitResult } from '../adapter.ts'
import { decodeText } from '../http/read-response.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { Acknowledgement } from './wire.ts'

/**
 * Reads the answer to a submission: the identifier by which it is polled.
 *
 * @throws ProviderError of class `unknown` where it is cut off or makes no sense: it may have been made, and billed
 */
export async function readSubmission(answer: SavedAnswer, { signal, onReceipt }: AnswerOptions): Promise<SubmitResult> {
  await answer.headers()
  const texts = await Array.fromAsync(decodeText(answer.body(signal)))
  const { data } = Acknowledgement.safeParse(parseJson(texts.join('')))
  if (!data) throw createMisbehavedError('unknown')
  onReceipt?.({ trace: data.generation_id })
  return { kind: 'accepted', handle: data.generation_id }
}

/** @throws ProviderError */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw createMisbehavedError('unknown')
  }
}
