import {
  type Adapter,
  type CallOptions,
  type ConnectionCheck,
  ProviderError,
  type ProviderRequest,
  type RawAnswer,
} from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { isOtherServer } from '../http/is-other-server.ts'
import { createOwnAccess } from '../http/own-access.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { sendSubmission } from '../http/send-submission.ts'
import { tryCheck } from '../try-check.ts'
import { checkTask } from './check-task.ts'
import { classifyBfl } from './classify.ts'
import { createModelSpecs } from './model-specs.ts'
import { readSubmission } from './read-answer.ts'
import { createSubmission } from './request-body.ts'
import { CreditsResponse } from './wire.ts'

export interface BflAdapterOptions {
  /** Id of the connection. */
  connection: string
  /** With its version: `https://api.bfl.ai/v1`. */
  baseUrl: string
  key: string
  fetch?: typeof fetch
  /** Time limit of a request, in ms; 30,000 unless given. */
  deadlineMs?: number
  /** Time limit of a submission, which carries its images, in ms; two minutes unless given. */
  submitDeadlineMs?: number
}

const MAX_ANSWER_BYTES = 100_000
const WRONG_ADDRESS = 'There is no API of Black Forest Labs at this address. It usually ends in /v1.'

/**
 * Creates the adapter of an account at Black Forest Labs. A submission is answered with the URL of a task, and with its cost.
 *
 * @see docs/providers/bfl.md for what is verified
 */
export function createBflAdapter(options: BflAdapterOptions): Adapter {
  const { connection, baseUrl, key, fetch = globalThis.fetch, deadlineMs = 30_000 } = options
  const submitDeadlineMs = options.submitDeadlineMs ?? 120_000
  const client: HttpClient = { baseUrl, headers: () => ({ 'x-key': key }), fetch, deadlineMs, classify: classifyBfl }
  return {
    connection,
    kind: 'bfl',
    submitting: {
      kind: 'remote',
      submit: (request, { signal }) => submit(client, request, { signal, deadlineMs: submitDeadlineMs }),
      readAnswer: (answer, options) => readSubmission(answer, options, baseUrl),
    },
    check: (handle, signal, options = {}) => checkTask(client, handle, signal, options),
    // There is no call for it.
    cancel: async () => ({ kind: 'unsupported', billed: null }),
    checkConnection: signal => tryCheck(() => checkAccount(client, signal)),
    models: async signal => {
      await readCredits(client, signal)
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
  return await sendSubmission(client, createSubmission(request), { signal, deadlineMs, maxBytes: MAX_ANSWER_BYTES })
}

async function checkAccount(client: HttpClient, signal: AbortSignal): Promise<ConnectionCheck> {
  return describeCredits(await readCredits(client, signal))
}

function describeCredits(credits: number): ConnectionCheck {
  if (credits <= 0) return { ok: false, error: new ProviderError('payment_required') }
  const note = `It works: ${credits.toFixed(2)} credits, which are ${(credits / 100).toFixed(2)} USD. Checking was free.`
  return { ok: true, note }
}

/** Reads the credit of the account, which proves key and address. @throws ProviderError */
async function readCredits(client: HttpClient, signal: AbortSignal): Promise<number> {
  const request: HttpRequest = { method: 'GET', path: '/credits', signal, failureIfUnanswered: 'retryable' }
  try {
    const { data } = CreditsResponse.safeParse(
      await readJson(await sendRequest(client, request), request, MAX_ANSWER_BYTES),
    )
    if (data) return data.credits
  } catch (error) {
    if (!isOtherServer(error)) throw error
  }
  throw new ProviderError('provider_refused', { message: WRONG_ADDRESS })
}
