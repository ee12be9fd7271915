import type { FailureCode } from '@darkroom/contracts/failures'
import { FAILURES } from '@darkroom/contracts/failures'
import { type CheckOptions, type CheckResult, ProviderError } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { withQuote } from '../http/quote-provider.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { computePollInterval } from '../poll-interval.ts'
import { OUTPUT_SECONDS } from './model-specs.ts'
import { parseHandle } from './task-handle.ts'
import { ResultResponse } from './wire.ts'

/** Up to 24 tasks are worked on at once: no wait for one of them holds a slot. */
const POLL_SECONDS = { min: 1, max: 2 }
const MAX_RESULT_BYTES = 1_000_000
/** An image that was finished longer ago than this is not there, so the time of another clock is not believed. */
const MAX_CLOCK_MS = 60_000

/**
 * Polls a task at the URL that came with it, which may be on a regional host. One that is not found is `gone` once it is as old as results
 * live; before that it was never there.
 *
 * @throws ProviderError when the poll itself fails
 */
export async function checkTask(
  client: HttpClient,
  handle: string,
  signal: AbortSignal,
  { onReceipt, indices = [0], ageSeconds = 0 }: CheckOptions,
): Promise<CheckResult> {
  const { pollingUrl } = parseHandle(handle, client.baseUrl)
  const response = await requestResult(client, pollingUrl, signal)
  if (response === undefined) return { kind: ageSeconds >= OUTPUT_SECONDS ? 'gone' : 'never-seen' }
  const code = FAILED[response.status]
  if (code !== undefined) return { kind: 'failed', error: toFailure(code, response) }
  if (response.status !== 'Ready') return toWaiting(response, ageSeconds)
  const { sample, seed } = response.result ?? {}
  if (typeof seed === 'number') onReceipt?.({ seed })
  if (!sample) return { kind: 'failed', error: new ProviderError('no_outputs') }
  const output = { index: indices[0] ?? 0, kind: 'url', url: sample, expiresAt: computeExpiry(response) } as const
  return { kind: 'finished', outputs: [output] }
}

/** Statuses of a task that has ended without an image [D]. */
const FAILED: Readonly<Record<string, FailureCode>> = {
  'Request Moderated': 'content_refused',
  'Content Moderated': 'output_refused',
  Error: 'provider_failed',
  Failed: 'provider_failed',
}

/** Returns the state of a task; undefined where it is not found. */
async function requestResult(
  client: HttpClient,
  pollingUrl: string,
  signal: AbortSignal,
): Promise<ResultResponse | undefined> {
  const { origin, pathname, search } = new URL(pollingUrl)
  const request: HttpRequest = { method: 'GET', path: pathname + search, signal, failureIfUnanswered: 'retryable' }
  const answer = await sendRequest({ ...client, baseUrl: origin }, request).catch(toUndefinedIfUnknown)
  if (answer === undefined) return undefined
  const { data } = ResultResponse.safeParse(await readJson(answer, request, MAX_RESULT_BYTES))
  if (!data) throw createMisbehavedError('retryable')
  return data.status === 'Task not found' ? undefined : data
}

function toUndefinedIfUnknown(error: unknown): undefined {
  if (error instanceof ProviderError && error.code === 'request_unknown') return undefined
  throw error
}

/** Returns the state of a task under way: it is Pending, and there are names of its phases [D, third party]. */
function toWaiting({ progress }: ResultResponse, ageSeconds: number): CheckResult {
  const isShare = typeof progress === 'number' && progress >= 0 && progress <= 1
  const pollAfterSeconds = computePollInterval(ageSeconds, POLL_SECONDS)
  return { kind: 'waiting', pollAfterSeconds, outputs: [], ...(isShare && { progress }) }
}

function toFailure(code: FailureCode, { details }: ResultResponse): ProviderError {
  const reasons = Object.values(details ?? {}).flatMap(value => (Array.isArray(value) ? value : [value]))
  const text = reasons.filter(reason => typeof reason === 'string').join(', ')
  return new ProviderError(code, { message: withQuote(FAILURES[code].message, text) })
}

/** Returns the time at which an image expires, by the time at which it was made, or by now. */
function computeExpiry({ result }: ResultResponse): Date {
  const now = Date.now()
  const endedAt = (result?.end_time ?? 0) * 1_000
  const isBelievable = endedAt <= now + MAX_CLOCK_MS && endedAt >= now - OUTPUT_SECONDS * 1_000
  return new Date((isBelievable ? Math.min(endedAt, now) : now) + OUTPUT_SECONDS * 1_000)
}
