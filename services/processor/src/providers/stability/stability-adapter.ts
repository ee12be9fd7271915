import {
  type Adapter,
  type CallOptions,
  type ConnectionCheck,
  ProviderError,
  type ProviderRequest,
  type RawAnswer,
} from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { sendSubmission } from '../http/send-submission.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { tryCheck } from '../try-check.ts'
import { classifyStability } from './classify.ts'
import { createModelSpecs } from './model-specs.ts'
import { MAX_ANSWER_BYTES, readAnswer } from './read-answer.ts'
import { checkResult, MIN_POLL_SECONDS } from './results.ts'
import { createSubmission } from './submission.ts'
import { Balance } from './wire.ts'

export interface StabilityAdapterOptions {
  /** Id of the connection. */
  connection: string
  /** Without a version: `https://api.stability.ai`. */
  baseUrl: string
  key: string
  fetch?: typeof fetch
  /** Time limit of a request that is answered at once, in ms; 30,000 unless given. */
  deadlineMs?: number
  /** Time limit of a submission, to the last byte of its answer, in ms; an hour unless given: the call has its own. */
  submitDeadlineMs?: number
  /** Shortest time between two polls of a job; 10 unless given, which Stability AI wants. */
  minPollSeconds?: number
}

const MAX_BALANCE_BYTES = 100_000

/**
 * Creates the adapter of an account at Stability AI. Most answers have the image in them, and cannot be asked for again; two of the models
 * are answered with an id, by which the result is polled.
 *
 * @see docs/providers/stability.md for what is verified
 */
export function createStabilityAdapter(options: StabilityAdapterOptions): Adapter {
  const { connection, baseUrl, key, fetch = globalThis.fetch, deadlineMs = 30_000 } = options
  const { submitDeadlineMs = 3_600_000, minPollSeconds = MIN_POLL_SECONDS } = options
  const headers = () => ({ authorization: `Bearer ${key}` })
  const client: HttpClient = { baseUrl, headers, fetch, deadlineMs, classify: classifyStability }
  return {
    connection,
    kind: 'stability',
    submitting: {
      kind: 'remote',
      submit: (request, { signal }) => submit(client, request, { signal, deadlineMs: submitDeadlineMs }),
      readAnswer,
    },
    check: (handle, signal, checkOptions = {}) =>
      checkResult(client, handle, signal, { ...checkOptions, minPollSeconds }),
    // No request stops a job [D].
    cancel: async () => ({ kind: 'unsupported', billed: null }),
    checkConnection: signal =>
      tryCheck(async () => describeCheck(await getCredits(client, signal), createModelSpecs(connection).length)),
    models: async signal => {
      // The models are known. That the key and the address are good is not.
      await getCredits(client, signal)
      return createModelSpecs(connection)
    },
  }
}

async function submit(
  client: HttpClient,
  request: ProviderRequest,
  { signal, deadlineMs }: Pick<CallOptions, 'signal'> & { deadlineMs: number },
): Promise<RawAnswer> {
  const submission = {
    ...createSubmission(request),
    // As JSON an image that is cut off is noticed, and the reason why there is none is in the body.
    headers: { accept: 'application/json' },
  }
  return await sendSubmission(client, submission, { signal, deadlineMs, maxBytes: MAX_ANSWER_BYTES })
}

/** Returns the credits of the account. @throws ProviderError, which names the address where there is no such API */
async function getCredits(client: HttpClient, signal: AbortSignal): Promise<number> {
  const request: HttpRequest = {
    method: 'GET',
    path: '/v1/user/balance',
    headers: { accept: 'application/json' },
    signal,
    failureIfUnanswered: 'retryable',
  }
  const response = await sendRequest(client, request).catch(nameAddress)
  if (/\bhtml\b/.test(response.headers.get('content-type') ?? '')) throw createAddressError()
  const { data } = Balance.safeParse(await readJson(response, request, MAX_BALANCE_BYTES))
  if (!data) throw createMisbehavedError('retryable')
  return data.credits
}

function nameAddress(error: unknown): never {
  throw error instanceof ProviderError && error.code === 'request_unknown' ? createAddressError() : error
}

function createAddressError(): ProviderError {
  return new ProviderError('provider_refused', {
    message: 'There is no API of Stability AI at this address. It is https://api.stability.ai, without a version.',
  })
}

function describeCheck(credits: number, models: number): ConnectionCheck {
  if (credits <= 0) return { ok: false, error: new ProviderError('payment_required') }
  const left = credits.toLocaleString('en-US', { maximumFractionDigits: 1 })
  return { ok: true, note: `It works: ${models} models, ${left} credits left. Checking was free.` }
}
