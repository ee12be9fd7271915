import { type CancelResult, type CheckOptions, type CheckResult, ProviderError } from '../adapter.ts'
import { readBase64Json } from '../http/base64-json.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { withQuote } from '../http/quote-provider.ts'
import { readChunks } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { computePollInterval } from '../poll-interval.ts'
import { classifyContent } from './classify.ts'
import { flattenUsage } from './cost.ts'
import { BASE64_FIELDS, MAX_IMAGE_BYTES, toOutput } from './read-answer.ts'
import { parseHandle } from './response-handle.ts'
import { BackgroundResponse, type ResponseItem } from './wire.ts'

/** Many images are made at once there: no wait for one of them holds a slot. */
const POLL_SECONDS = { min: 1, max: 2 }
/** Two images in base64, and what is around them. */
const MAX_RESPONSE_BYTES = 180_000_000

interface FoundResponse {
  response: BackgroundResponse
  files: Uint8Array[]
}

/**
 * Polls a response that runs in the background. One that OpenAI no longer has is `gone`: it had given its id. Its cost is not computed:
 * whether its tokens are those of the text model alone is [U]. @see GET /responses/{id} [S]
 */
export async function checkResponse(
  client: HttpClient,
  handle: string,
  signal: AbortSignal,
  { onReceipt, ageSeconds = 0 }: CheckOptions,
): Promise<CheckResult> {
  const { id, index } = parseHandle(handle)
  const found = await requestResponse(client, { method: 'GET', path: `/responses/${id}`, signal })
  if (found === undefined) return { kind: 'gone' }
  const { response } = found
  const result = toCheckResult(found, index, ageSeconds)
  if (result.kind !== 'waiting') {
    const revisedPrompt = findImage(response)?.revised_prompt
    onReceipt?.({
      ...(response.usage && { usage: flattenUsage(response.usage) }),
      ...(revisedPrompt !== undefined && { revisedPrompt }),
    })
  }
  return result
}

/** Cancels a response that runs in the background. Whether what it has done is billed is [U]. */
export async function cancelResponse(client: HttpClient, handle: string, signal: AbortSignal): Promise<CancelResult> {
  const found = await requestResponse(client, {
    method: 'POST',
    path: `/responses/${parseHandle(handle).id}/cancel`,
    signal,
  })
  if (found === undefined || found.response.status !== 'cancelled') return { kind: 'too-late', billed: true }
  return { kind: 'cancelled', billed: null }
}

async function requestResponse(
  client: HttpClient,
  { method, path, signal }: Pick<HttpRequest, 'method' | 'path' | 'signal'>,
): Promise<FoundResponse | undefined> {
  const request: HttpRequest = { method, path, signal, failureIfUnanswered: 'retryable' }
  const answer = await sendRequest(client, request).catch(toUndefinedIfUnknown)
  if (answer === undefined) return undefined
  const { body, files } = await readBase64Json(readChunks(answer, request, MAX_RESPONSE_BYTES), {
    fields: BASE64_FIELDS,
    maxFileBytes: 2 * MAX_IMAGE_BYTES,
    failure: 'retryable',
  })
  const { data } = BackgroundResponse.safeParse(body)
  if (!data) throw createMisbehavedError('retryable')
  return { response: data, files }
}

function toUndefinedIfUnknown(error: unknown): undefined {
  if (error instanceof ProviderError && error.code === 'request_unknown') return undefined
  throw error
}

function toCheckResult({ response, files }: FoundResponse, index: number, ageSeconds: number): CheckResult {
  switch (response.status) {
    case 'queued':
    case 'in_progress':
      return { kind: 'waiting', pollAfterSeconds: computePollInterval(ageSeconds, POLL_SECONDS), outputs: [] }
    case 'cancelled':
      return { kind: 'failed', error: new ProviderError('cancelled_by_provider') }
    default: {
      const image = findImage(response)
      const bytes = typeof image?.result === 'number' ? files[image.result] : undefined
      if (bytes) return { kind: 'finished', outputs: [toOutput(index, bytes, 'retryable')] }
      return { kind: 'failed', error: toFailure(response) }
    }
  }
}

function findImage({ output }: BackgroundResponse): ResponseItem | undefined {
  const items = output?.filter(({ type }) => type === 'image_generation_call') ?? []
  return items.find(({ result }) => typeof result === 'number') ?? items[0]
}

/** Returns the reason why a response has no image. */
function toFailure(response: BackgroundResponse): ProviderError {
  const { error, incomplete_details: incomplete } = response
  const details = findImage(response)?.moderation_details
  const code = details || incomplete?.reason === 'content_filter' ? 'moderation_blocked' : error?.code
  const refused = classifyContent({ code, message: error?.message, moderation_details: details })
  if (refused) return new ProviderError(refused.code, refused)
  const { refusal, text } = findWords(response)
  if (refusal !== undefined)
    return new ProviderError('content_refused', {
      message: withQuote('The provider refused the prompt or a picture.', refusal),
    })
  if (response.status === 'completed')
    return new ProviderError('no_outputs', {
      message: withQuote('The provider finished without making an image.', text),
    })
  return new ProviderError('provider_failed', { message: withQuote('The provider could not make it.', error?.message) })
}

/** Returns what the text model has written where it did not call the tool. */
function findWords({ output }: BackgroundResponse): { refusal?: string | undefined; text?: string | undefined } {
  const parts = output?.flatMap(({ content }) => content ?? []) ?? []
  return { refusal: parts.find(part => part.refusal)?.refusal, text: parts.find(part => part.text)?.text }
}
