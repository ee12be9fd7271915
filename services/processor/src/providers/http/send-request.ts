import { ProviderError } from '../adapter.ts'
import { readErrorBody } from './error-body.ts'
import { getSecrets, type HttpClient, type HttpRequest } from './http-client.ts'
import { assertNotLinkLocal } from './link-local.ts'
import { createRefusalError } from './refusal.ts'
import { createInterruptedError, toTransportError } from './transport-error.ts'

/**
 * Sends one request to a provider, once: nothing here repeats it.
 *
 * @returns a response of 2xx, its body unread and under the same deadline
 * @throws ProviderError otherwise
 */
export async function sendRequest(client: HttpClient, request: HttpRequest): Promise<Response> {
  if (request.signal.aborted) throw createInterruptedError('retryable', request.signal.reason)
  const url = toUrl(client, request)
  const deadline = AbortSignal.timeout(request.deadlineMs ?? client.deadlineMs)
  const signal = AbortSignal.any([request.signal, deadline])
  await assertNotLinkLocal(url, client, signal)
  const response = await fetchResponse(client, request, { url, signal })
  if (response.ok) return response
  const body = await readErrorBody(response, getSecrets(client))
  throw createRefusalError(client, request, { status: response.status, headers: response.headers, body })
}

/** Returns the URL of a request. @throws Error when the path leads out of the base URL */
function toUrl({ baseUrl }: HttpClient, { path }: HttpRequest): URL {
  const base = baseUrl.replace(/\/+$/, '')
  const url = new URL(base + path)
  const isBelow =
    url.origin === new URL(base).origin && url.href.startsWith(`${new URL(base).href.replace(/\/$/, '')}/`)
  if (!isBelow) throw new Error(`the path ${path} is not below the address of the provider`)
  return url
}

async function fetchResponse(
  { fetch, ...client }: HttpClient,
  request: HttpRequest,
  { url, signal }: { url: URL; signal: AbortSignal },
): Promise<Response> {
  const headers = toHeaders(client, request)
  if (request.signal.aborted) throw createInterruptedError('retryable', request.signal.reason)
  try {
    return await fetch(url, {
      method: request.method,
      headers,
      // A redirect could send the submission, and the key, to a host that the user has not agreed to.
      redirect: 'manual',
      signal,
      // A connection that the server has closed meanwhile would look like an answer that was cut off.
      keepalive: request.failureIfUnanswered !== 'unknown',
      // The runtime's own limit is five minutes without a byte, which is not long for a large image.
      timeout: false,
      ...(request.body === undefined ? {} : { body: toBody(request.body) }),
    })
  } catch (error) {
    throw toTransportError(error, request)
  }
}

function toHeaders(client: Pick<HttpClient, 'headers'>, { headers, body }: HttpRequest): Headers {
  const isJson = body !== undefined && !(body instanceof FormData)
  try {
    return new Headers({ ...(isJson && { 'content-type': 'application/json' }), ...client.headers?.(), ...headers })
  } catch {
    // The error of the runtime may show the value.
    throw new ProviderError('key_refused', { message: 'The key has a character that no key has. Enter it again.' })
  }
}

function toBody(body: unknown): string | FormData {
  return body instanceof FormData ? body : JSON.stringify(body)
}
