import type { Adapter, CallOptions, ConnectionCheck, ProviderRequest, RawAnswer } from '../adapter.ts'
import type { HttpClient } from '../http/http-client.ts'
import { createOwnAccess } from '../http/own-access.ts'
import { sendSubmission } from '../http/send-submission.ts'
import { tryCheck } from '../try-check.ts'
import { checkGeneration } from './check-generation.ts'
import { classifyIdeogram } from './classify.ts'
import { createModelSpecs } from './model-specs.ts'
import { quoteFirstPrice, quotePrices } from './quote-prices.ts'
import { readSubmission } from './read-answer.ts'
import { createSubmission } from './request-body.ts'

export interface IdeogramAdapterOptions {
  /** Id of the connection. */
  connection: string
  /** Without a version: `https://api.ideogram.ai`. */
  baseUrl: string
  key: string
  fetch?: typeof fetch
  /** Time limit of a request, in ms; 30,000 unless given. */
  deadlineMs?: number
  /** Time limit of a submission, which carries its images, in ms; two minutes unless given. */
  submitDeadlineMs?: number
}

const MAX_ANSWER_BYTES = 1_000_000

/**
 * Creates the adapter of an account at Ideogram, by version 2 of its API. A submission is answered with an identifier, by which it is polled.
 *
 * @see docs/providers/ideogram.md for what is verified
 */
export function createIdeogramAdapter(options: IdeogramAdapterOptions): Adapter {
  const { connection, baseUrl, key, fetch = globalThis.fetch, deadlineMs = 30_000 } = options
  const submitDeadlineMs = options.submitDeadlineMs ?? 120_000
  const headers = () => ({ 'api-key': key })
  const client: HttpClient = { baseUrl, headers, fetch, deadlineMs, classify: classifyIdeogram }
  return {
    connection,
    kind: 'ideogram',
    submitting: {
      kind: 'remote',
      submit: (request, { signal }) => submit(client, request, { signal, deadlineMs: submitDeadlineMs }),
      readAnswer: readSubmission,
    },
    check: (handle, signal, options = {}) => checkGeneration(client, handle, signal, options),
    // There is no call for it, and what is completed is billed [D].
    cancel: async () => ({ kind: 'unsupported', billed: null }),
    checkConnection: signal => tryCheck(() => checkAccount(client, signal)),
    models: async signal => createModelSpecs(connection, await quotePrices(client, signal)),
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
  const micros = await quoteFirstPrice(client, signal)
  const price = (micros / 1_000_000).toFixed(2)
  return { ok: true, note: `It works: Ideogram 4.5 is quoted at ${price} USD an image. Checking was free.` }
}
