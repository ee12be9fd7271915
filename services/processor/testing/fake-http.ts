import type { FailureClass, FailureCode } from '@darkroom/contracts/failures'
import { ProviderError } from '../src/providers/provider.ts'

export interface HttpClient {
  url: string
  fetch: typeof fetch
  /** Time limit of one request, from its start to the last byte of its response. */
  deadlineMs: number
}

export interface HttpRequest {
  method: 'GET' | 'POST'
  path: string
  headers?: Record<string, string>
  body?: unknown
  signal: AbortSignal
  /** Class of a request without a valid response: polling is free, and a submission may have begun work that is billed. */
  failureIfUnanswered: FailureClass
}

/**
 * Sends one request to the provider.
 *
 * @returns a response of 2xx, its body unread and under the same deadline
 * @throws ProviderError otherwise
 */
export async function sendRequest(client: HttpClient, request: HttpRequest): Promise<Response> {
  if (request.signal.aborted) throw createInterruptedError('retryable', request.signal.reason)
  const response = await fetchResponse(client, request)
  if (response.ok) return response
  // The body may contain anything, at any length, and is not shown: the status is enough.
  await response.body?.cancel().catch(() => undefined)
  throw createRefusalError(response, request)
}

/** Yields a response's bytes as they arrive. @throws ProviderError when it is cut off or longer than `maxBytes` */
export async function* readChunks(
  response: Response,
  request: HttpRequest,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void> {
  let length = 0
  try {
    for await (const chunk of response.body ?? []) {
      length += chunk.byteLength
      if (length > maxBytes) throw createMisbehavedError(request.failureIfUnanswered)
      yield chunk
    }
  } catch (error) {
    throw error instanceof ProviderError ? error : toProviderError(error, request)
  }
}

export async function* decodeText(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true })
}

/** Returns the error of a response that contradicts the provider's documentation. */
export function createMisbehavedError(failure: FailureClass, cause?: unknown): ProviderError {
  return new ProviderError('provider_misbehaved', { failure, cause })
}

async function fetchResponse({ url, fetch, deadlineMs }: HttpClient, request: HttpRequest): Promise<Response> {
  try {
    return await fetch(new URL(request.path, url), {
      method: request.method,
      headers: { 'content-type': 'application/json', ...request.headers },
      // A redirect could send the submission, and a real provider's key, to a host that the user has not agreed to.
      redirect: 'manual',
      signal: AbortSignal.any([request.signal, AbortSignal.timeout(deadlineMs)]),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    })
  } catch (error) {
    throw toProviderError(error, request)
  }
}

/** Errors that occur before a byte is sent: no work can have begun. */
const NEVER_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']

function toProviderError(cause: unknown, { signal, failureIfUnanswered }: HttpRequest): ProviderError {
  if (signal.aborted) return createInterruptedError(failureIfUnanswered, signal.reason)
  if (cause instanceof Error && cause.name === 'TimeoutError') {
    return new ProviderError('provider_silent', { failure: failureIfUnanswered, cause })
  }
  const isSent = !(cause instanceof Error && 'code' in cause && NEVER_SENT.includes(String(cause.code)))
  const failure = isSent ? failureIfUnanswered : 'retryable'
  return new ProviderError('provider_unreachable', { failure, cause })
}

function createInterruptedError(failure: FailureClass, cause: unknown): ProviderError {
  return new ProviderError('interrupted', { failure, cause })
}

const CODES_BY_STATUS: Readonly<Record<number, FailureCode>> = {
  401: 'key_refused',
  402: 'payment_required',
  403: 'key_refused',
  404: 'request_unknown',
  429: 'rate_limited',
  503: 'provider_busy',
}

/** Messages of statuses for which the failure table's message is not precise enough. */
const MESSAGES_BY_STATUS: Readonly<Record<number, string>> = {
  403: 'The provider does not allow this with the key it was given.',
}

/**
 * Maps the status of a refusal to an error. With 4xx no work was begun, nor with 503, by which a server declines the request
 * for the moment. Any other 5xx may come from a proxy, or after the work was queued: a second submission could then be billed
 * beside the first.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.6
 */
function createRefusalError(response: Response, request: HttpRequest): ProviderError {
  const { status, headers } = response
  const retryAfterSeconds = parseRetryAfter(headers.get('retry-after'))
  const message = MESSAGES_BY_STATUS[status]
  const code = CODES_BY_STATUS[status]
  if (code) return new ProviderError(code, { retryAfterSeconds, ...(message && { message }) })
  const failure = status >= 500 ? request.failureIfUnanswered : 'permanent'
  return new ProviderError('provider_refused', {
    message: `The provider refused (${status}).`,
    failure,
    retryAfterSeconds,
  })
}

/**
 * Parses a Retry-After header, which has seconds or a date. @returns seconds from now
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
function parseRetryAfter(header: string | null): number | null {
  if (header === null) return null
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1_000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null
}
