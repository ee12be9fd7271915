import {
  type Adapter,
  type CallOptions,
  type ConnectionCheck,
  ProviderError,
  type ProviderRequest,
  type RawAnswer,
} from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { createOwnAccess } from '../http/own-access.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { sendSubmission } from '../http/send-submission.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { tryCheck } from '../try-check.ts'
import { classifyRunway } from './classify.ts'
import { createModelSpecs } from './model-specs.ts'
import { readAnswer } from './read-answer.ts'
import { createSubmission } from './submission.ts'
import { cancelTask, checkTask, MIN_POLL_SECONDS } from './tasks.ts'
import { VERSION_HEADERS } from './version.ts'
import { Organization } from './wire.ts'

export interface RunwayAdapterOptions {
  /** Id of the connection. */
  connection: string
  /** With its version: `https://api.dev.runwayml.com/v1`. */
  baseUrl: string
  key: string
  fetch?: typeof fetch
  /** Time limit of a request, in ms; 30,000 unless given. */
  deadlineMs?: number
  /** Time limit of a submission, in ms; two minutes unless given: it is answered at once, and its pictures are in it. */
  submitDeadlineMs?: number
  /** Shortest time between two polls of a task; 5 unless given, which Runway wants. */
  minPollSeconds?: number
}

const MAX_ANSWER_BYTES = 1_000_000
const MAX_ORGANIZATION_BYTES = 1_000_000

/**
 * Creates the adapter of an account at Runway. Every submission is answered with the id of a task, which is polled.
 *
 * @see docs/providers/runway.md for what is verified
 */
export function createRunwayAdapter(options: RunwayAdapterOptions): Adapter {
  const { connection, baseUrl, key, fetch = globalThis.fetch, deadlineMs = 30_000 } = options
  const { submitDeadlineMs = 120_000, minPollSeconds = MIN_POLL_SECONDS } = options
  const headers = () => ({ authorization: `Bearer ${key}` })
  const client: HttpClient = { baseUrl, headers, fetch, deadlineMs, classify: classifyRunway }
  return {
    connection,
    kind: 'runway',
    submitting: {
      kind: 'remote',
      submit: (request, { signal }) => submit(client, request, { signal, deadlineMs: submitDeadlineMs }),
      readAnswer,
    },
    check: (handle, signal, checkOptions = {}) =>
      checkTask(client, handle, signal, { ...checkOptions, minPollSeconds }),
    cancel: (handle, signal) => cancelTask(client, handle, signal),
    checkConnection: signal =>
      tryCheck(async () => describeCheck(await getCredits(client, signal), createModelSpecs(connection).length)),
    models: async signal => {
      // The models are known. That the key and the address are good is not.
      await getCredits(client, signal)
      return createModelSpecs(connection)
    },
    download: () => createOwnAccess(baseUrl),
  }
}

async function submit(
  client: HttpClient,
  request: ProviderRequest,
  { signal, deadlineMs }: Pick<CallOptions, 'signal'> & { deadlineMs: number },
): Promise<RawAnswer> {
  const submission = {
    ...createSubmission(request),
    headers: VERSION_HEADERS,
  }
  return await sendSubmission(client, submission, { signal, deadlineMs, maxBytes: MAX_ANSWER_BYTES })
}

/** Returns the credits of the organization. @throws ProviderError, which names the address where there is no such API */
async function getCredits(client: HttpClient, signal: AbortSignal): Promise<number> {
  const request: HttpRequest = {
    method: 'GET',
    path: '/organization',
    headers: VERSION_HEADERS,
    signal,
    failureIfUnanswered: 'retryable',
  }
  const response = await sendRequest(client, request).catch(nameAddress)
  if (/\bhtml\b/.test(response.headers.get('content-type') ?? '')) throw createAddressError()
  const { data } = Organization.safeParse(await readJson(response, request, MAX_ORGANIZATION_BYTES))
  if (!data) throw createMisbehavedError('retryable')
  return data.creditBalance
}

function nameAddress(error: unknown): never {
  throw error instanceof ProviderError && error.code === 'request_unknown' ? createAddressError() : error
}

function createAddressError(): ProviderError {
  return new ProviderError('provider_refused', {
    message: 'There is no API of Runway at this address. It is https://api.dev.runwayml.com/v1.',
  })
}

function describeCheck(credits: number, models: number): ConnectionCheck {
  if (credits <= 0) return { ok: false, error: new ProviderError('payment_required') }
  const left = credits.toLocaleString('en-US', { maximumFractionDigits: 1 })
  return { ok: true, note: `It works: ${models} models, ${left} credits left. Checking was free.` }
}
