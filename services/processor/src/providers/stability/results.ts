import type { FailureCode } from '@darkroom/contracts/failures'
import { type CheckOptions, type CheckResult, ProviderError } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { readChunks } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { computePollInterval } from '../poll-interval.ts'
import { MAX_ANSWER_BYTES, readImageBody, toOutput, toReceipt } from './read-answer.ts'
import { parseHandle } from './result-handle.ts'
import { ImageAnswer } from './wire.ts'

/** "Rate-limiting or other errors may occur if you poll more than once every 10 seconds" [D]. */
export const MIN_POLL_SECONDS = 10
const MAX_POLL_SECONDS = 20
const IN_PROGRESS = 202

/** Refusals of a result that are the end of its job, and not of the poll alone. */
const ENDS: readonly FailureCode[] = ['content_refused', 'output_refused', 'reference_refused', 'setting_refused']

export interface ResultOptions extends CheckOptions {
  minPollSeconds: number
}

/**
 * Polls a job. A result that is not there any more is `gone`: it had given its id, and results are deleted after a day.
 *
 * @see GET /v2beta/results/{id}: 202 while it runs, then 200 with the image [D]
 */
export async function checkResult(
  client: HttpClient,
  handle: string,
  signal: AbortSignal,
  { onReceipt, ageSeconds = 0, minPollSeconds }: ResultOptions,
): Promise<CheckResult> {
  const { id, index } = parseHandle(handle)
  const request: HttpRequest = {
    method: 'GET',
    path: `/v2beta/results/${id}`,
    headers: { accept: 'application/json' },
    signal,
    failureIfUnanswered: 'retryable',
  }
  const response = await sendRequest(client, request).catch(toEnd)
  if (!(response instanceof Response)) return response
  const { body, files } = await readImageBody(readChunks(response, request, MAX_ANSWER_BYTES), 'retryable')
  if (response.status === IN_PROGRESS) {
    const limits = { min: minPollSeconds, max: Math.max(minPollSeconds, MAX_POLL_SECONDS) }
    return { kind: 'waiting', pollAfterSeconds: computePollInterval(ageSeconds, limits), outputs: [] }
  }
  const image = ImageAnswer.safeParse(body).data
  if (!image) throw createMisbehavedError('retryable')
  onReceipt?.(toReceipt(image))
  return toFinished(image, files, index)
}

function toFinished(image: ImageAnswer, files: readonly Uint8Array[], index: number): CheckResult {
  try {
    return { kind: 'finished', outputs: [toOutput(image, files, index, 'retryable')] }
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'no_outputs') return { kind: 'failed', error }
    throw error
  }
}

/** @throws the error, where the job may still be there */
function toEnd(error: unknown): CheckResult {
  if (!(error instanceof ProviderError)) throw error
  if (error.code === 'request_unknown') return { kind: 'gone' }
  if (ENDS.includes(error.code)) return { kind: 'failed', error }
  throw error
}
