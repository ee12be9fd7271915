import { toRequestError, UNREACHABLE_MESSAGE, UnavailableError } from './request-error.ts'

const DEADLINE_MS = 30_000

/** Sends a request to the studio, and returns its response if that is no error. @throws RejectedError, UnavailableError */
export async function fetchFromStudio(path: string, request: Omit<RequestInit, 'signal'> = {}): Promise<Response> {
  const response = await send(path, { ...request, signal: AbortSignal.timeout(DEADLINE_MS) })
  if (response.ok) return response
  const body: unknown = await response.json().catch(() => null)
  throw toRequestError({ status: response.status, body, retryAfter: response.headers.get('retry-after') })
}

async function send(path: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(path, request)
  } catch (cause) {
    throw new UnavailableError(UNREACHABLE_MESSAGE, { cause })
  }
}
