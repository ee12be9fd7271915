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
import { toProviderModel } from './catalogue.ts'
import { classifyReplicate } from './classify.ts'
import { createInput } from './create-input.ts'
import { createModelLoader, type LoadedModel, type ModelLoader } from './load-models.ts'
import { cancelPrediction, checkPrediction } from './predictions.ts'
import { readAnswer } from './read-answer.ts'
import { uploadImages } from './upload-images.ts'
import { Account } from './wire.ts'

export interface ReplicateAdapterOptions {
  /** Id of the connection. */
  connection: string
  /** With its version: `https://api.replicate.com/v1`. */
  baseUrl: string
  key: string
  fetch?: typeof fetch
  /** Time limit of a request that begins no work, in ms; 30,000 unless given. */
  deadlineMs?: number
  /** Time limit of a submission, which is answered with an id at once, in ms; 60,000 unless given. */
  submitDeadlineMs?: number
}

const MAX_ANSWER_BYTES = 8_000_000
const MAX_ACCOUNT_BYTES = 100_000
const WRONG_ADDRESS = 'There is no Replicate at this address: it has no account. The address usually ends in /v1.'

/**
 * Creates the adapter of an account at Replicate. A submission is answered with the id of a prediction at once, by which it is polled from
 * any process. `Prefer: wait` is not sent: the id would come with the outputs.
 *
 * @see docs/providers/replicate.md for what is verified
 */
export function createReplicateAdapter(options: ReplicateAdapterOptions): Adapter {
  const { connection, baseUrl, key, fetch = globalThis.fetch, deadlineMs = 30_000 } = options
  const headers = () => ({ authorization: `Bearer ${key}` })
  const client: HttpClient = { baseUrl, headers, fetch, deadlineMs, classify: classifyReplicate }
  const models = createModelLoader(client)
  const submitter = { client, models, connection, deadlineMs: options.submitDeadlineMs ?? 60_000 }
  return {
    connection,
    kind: 'replicate',
    submitting: {
      kind: 'remote',
      submit: (request, callOptions) => submit(submitter, request, callOptions),
      readAnswer,
    },
    check: (handle, signal, checkOptions = {}) => checkPrediction(client, handle, signal, checkOptions),
    cancel: (handle, signal) => cancelPrediction(client, handle, signal),
    checkConnection: signal => tryCheck(() => checkAccount(client, signal)),
    models: async signal => {
      await requestAccount(client, signal)
      return await models.list(connection, signal)
    },
    download: () => createOwnAccess(baseUrl),
  }
}

interface Submitter {
  client: HttpClient
  models: ModelLoader
  connection: string
  deadlineMs: number
}

/** Submits a prediction. Its model is read and its images are uploaded before: neither begins work. */
async function submit(
  { client, models, connection, deadlineMs }: Submitter,
  request: ProviderRequest,
  { signal }: Pick<CallOptions, 'signal'>,
): Promise<RawAnswer> {
  const id = toProviderModel(connection, request.model)
  if (id === undefined) throw new ProviderError('model_unknown')
  const loaded = await models.find(id, request.kind, signal)
  const images = await uploadImages(client, request.references, signal)
  return await sendSubmission(client, createSubmission(loaded, createInput(loaded.plan, request, images)), {
    signal,
    deadlineMs,
    maxBytes: MAX_ANSWER_BYTES,
  })
}

/** Creates a submission. [S] models.predictions.create, predictions.create */
function createSubmission({ model, version }: LoadedModel, input: unknown): Pick<HttpRequest, 'path' | 'body'> {
  if (version !== null) return { path: '/predictions', body: { version, input } }
  return { path: `/models/${model.id}/predictions`, body: { input } }
}

async function checkAccount(client: HttpClient, signal: AbortSignal): Promise<ConnectionCheck> {
  const username = await requestAccount(client, signal)
  const owner = /^[\w-]{1,40}$/.test(username) ? ` The account is ${username}.` : ''
  return { ok: true, note: `It works.${owner} Checking was free.` }
}

/** Reads the name of the account, which proves the key and the address. @throws ProviderError */
async function requestAccount(client: HttpClient, signal: AbortSignal): Promise<string> {
  const request: HttpRequest = { method: 'GET', path: '/account', signal, failureIfUnanswered: 'retryable' }
  try {
    const { data } = Account.safeParse(await readJson(await sendRequest(client, request), request, MAX_ACCOUNT_BYTES))
    if (data) return data.username
  } catch (error) {
    if (!isOtherServer(error)) throw error
  }
  throw new ProviderError('provider_refused', { message: WRONG_ADDRESS })
}
