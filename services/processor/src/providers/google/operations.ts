import { type CheckOptions, type CheckResult, ProviderError } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { computePollInterval } from '../poll-interval.ts'
import type { TakenCall } from './call-handle.ts'
import { toLinkedOutput } from './linked-output.ts'
import { VIDEO_STORED_SECONDS } from './model-specs.ts'
import { classifyContentWords, createQuotedError } from './refused-content.ts'
import { Operation, type Status } from './wire.ts'

/** Google polls every ten seconds in its examples. [D] */
const POLL_SECONDS = { min: 2, max: 10 }
const MAX_OPERATION_BYTES = 1_000_000

/**
 * Polls an operation of Veo. The address of its video needs the key, and lives for two days from a moment that is not named: they are
 * counted from the submission. @see GET /{name} [S vercel/ai google-video-model.ts]
 */
export async function checkOperation(
  client: HttpClient,
  call: TakenCall,
  signal: AbortSignal,
  { onReceipt, ageSeconds = 0 }: CheckOptions,
): Promise<CheckResult> {
  const operation = await requestOperation(client, call.name, signal)
  if (operation === undefined) return { kind: 'gone' }
  if (operation.done !== true)
    return { kind: 'waiting', pollAfterSeconds: computePollInterval(ageSeconds, POLL_SECONDS), outputs: [] }
  onReceipt?.({ trace: call.name })
  const uri = operation.response?.generateVideoResponse?.generatedSamples?.[0]?.video.uri
  if (uri === undefined) return { kind: 'failed', error: toFailure(operation) }
  const expiresAt = new Date(Date.now() + (VIDEO_STORED_SECONDS - ageSeconds) * 1_000)
  return {
    kind: 'finished',
    outputs: [toLinkedOutput(client.baseUrl, { index: call.index, uri, expiresAt }, 'retryable')],
  }
}

async function requestOperation(client: HttpClient, name: string, signal: AbortSignal): Promise<Operation | undefined> {
  const request: HttpRequest = { method: 'GET', path: `/${name}`, signal, failureIfUnanswered: 'retryable' }
  const response = await sendRequest(client, request).catch(toUndefinedIfUnknown)
  if (response === undefined) return undefined
  const { data } = Operation.safeParse(await readJson(response, request, MAX_OPERATION_BYTES))
  if (!data) throw createMisbehavedError('retryable')
  return data
}

function toUndefinedIfUnknown(error: unknown): undefined {
  if (error instanceof ProviderError && error.code === 'request_unknown') return undefined
  throw error
}

/** Returns the reason why an operation has no video. */
function toFailure({ error, response }: Operation): ProviderError {
  if (error) return toOperationError(error)
  const { raiMediaFilteredCount: count = 0, raiMediaFilteredReasons: reasons = [] } =
    response?.generateVideoResponse ?? {}
  if (count > 0 || reasons.length > 0) return createQuotedError('output_refused', reasons[0])
  return new ProviderError('no_outputs')
}

function toOperationError({ message }: Status): ProviderError {
  return createQuotedError(classifyContentWords(message ?? '') ?? 'provider_failed', message)
}
