import type { AnswerOptions, SavedAnswer, SubmitResult } from '../adapter.ts'
import { MAX_HANDLE_CHARACTERS } from '../adapter.ts'
import { parseJson } from '../http/parse-json.ts'
import { decodeText } from '../http/read-response.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { isAllowedUrl } from './addresses.ts'
import { toFalModel } from './catalogue.ts'
import { formatHandle } from './request-handle.ts'
import { Submitted } from './wire.ts'

/**
 * Reads the answer to a submission: the URLs by which the request is asked for. @throws ProviderError of class `unknown` where it is cut
 * off or makes no sense: the request may be in the queue, and billed
 */
export async function readSubmitAnswer(
  answer: SavedAnswer,
  { model, indices, signal, onReceipt }: AnswerOptions,
  baseUrl: string,
): Promise<SubmitResult> {
  await answer.headers()
  const text = (await Array.fromAsync(decodeText(answer.body(signal)))).join('')
  const { data } = Submitted.safeParse(parseJson(text))
  if (!data || ![data.status_url, data.response_url, data.cancel_url].every(url => isAllowedUrl(url, baseUrl)))
    throw createMisbehavedError('unknown')
  const handle = formatHandle(data, { model: toFalModel(model), indices: [...indices] })
  if (handle.length > MAX_HANDLE_CHARACTERS) throw createMisbehavedError('unknown')
  onReceipt?.({ trace: data.request_id })
  return { kind: 'accepted', handle }
}
