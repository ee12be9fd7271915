import type { ModelSpec } from '@darkroom/contracts/model'
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
import { createBackgroundSubmission } from './background-request.ts'
import { MAINLINE_MODELS } from './catalogue.ts'
import { classifyOpenAi } from './classify.ts'
import { createImageSubmission } from './image-requests.ts'
import { createModelSpecs, type ListedModel } from './model-specs.ts'
import { readAnswer } from './read-answer.ts'
import { cancelResponse, checkResponse } from './responses.ts'
import { ModelList } from './wire.ts'

export interface OpenAiAdapterOptions {
  /** Id of the connection. */
  connection: string
  /** With its version: `https://api.openai.com/v1`. */
  baseUrl: string
  key: string
  fetch?: typeof fetch
  /** Time limit of a request that is answered at once, in ms; 30,000 unless given. */
  deadlineMs?: number
  /** Time limit of a submission, to the last byte of its answer, in ms; an hour unless given: the call has its own. */
  submitDeadlineMs?: number
}

const MAX_LIST_BYTES = 4_000_000
/** Images of 64 MB in base64, and what is around them; with previews, which are images as well, before it. */
const MAX_ANSWER_BYTES = 260_000_000

/**
 * Creates the adapter of an account at OpenAI. An answer has the image in it, and cannot be asked for again; with the setting `resumable`
 * a call runs in the background instead, and is polled by its id.
 *
 * @see docs/providers/openai.md for what is verified
 */
export function createOpenAiAdapter(options: OpenAiAdapterOptions): Adapter {
  const { connection, baseUrl, key, fetch = globalThis.fetch, deadlineMs = 30_000 } = options
  const headers = () => ({ authorization: `Bearer ${key}` })
  const client: HttpClient = { baseUrl, headers, fetch, deadlineMs, classify: classifyOpenAi }
  const submitDeadlineMs = options.submitDeadlineMs ?? 3_600_000
  let mainline: string = MAINLINE_MODELS[0]
  const list = async (signal: AbortSignal) => {
    const listed = await listModels(client, signal)
    mainline = MAINLINE_MODELS.find(id => listed?.some(model => model.id === id)) ?? mainline
    return { listed, specs: createModelSpecs(connection, listed, new Date().toISOString().slice(0, 10)) }
  }
  return {
    connection,
    kind: 'openai',
    submitting: {
      kind: 'remote',
      submit: (request, { signal, previews }) =>
        submit(client, request, { signal, previews, mainline, deadlineMs: submitDeadlineMs }),
      readAnswer,
    },
    check: (handle, signal, options = {}) => checkResponse(client, handle, signal, options),
    cancel: (handle, signal) => cancelResponse(client, handle, signal),
    checkConnection: signal =>
      tryCheck(async () => {
        const { listed, specs } = await list(signal)
        return describeCheck(specs, listed !== undefined)
      }),
    models: async signal => (await list(signal)).specs,
  }
}

interface SubmitOptions extends Pick<CallOptions, 'signal'> {
  previews: boolean | undefined
  mainline: string
  deadlineMs: number
}

async function submit(
  client: HttpClient,
  request: ProviderRequest,
  { signal, previews, mainline, deadlineMs }: SubmitOptions,
): Promise<RawAnswer> {
  const isResumable = request.settings.resumable === true
  const submission = isResumable
    ? createBackgroundSubmission(request, mainline)
    : createImageSubmission(request, { previews })
  return await sendSubmission(client, submission, { signal, deadlineMs, maxBytes: MAX_ANSWER_BYTES })
}

/** Lists the account's models. @returns undefined where the key is good and may not list them, as one that is restricted to images */
async function listModels(client: HttpClient, signal: AbortSignal): Promise<ListedModel[] | undefined> {
  const request: HttpRequest = { method: 'GET', path: '/models', signal, failureIfUnanswered: 'retryable' }
  const response = await sendRequest(client, request).catch(toUndefinedIfForbidden)
  if (response === undefined) return undefined
  const { data } = ModelList.safeParse(await readJson(response, request, MAX_LIST_BYTES))
  if (!data) throw createMisbehavedError('retryable')
  return data.data.map(({ id, shutdown_date }) => ({ id, shutdownDate: shutdown_date ?? null }))
}

/** @throws ProviderError any other, and one that names the address where there is no list */
function toUndefinedIfForbidden(error: unknown): undefined {
  if (!(error instanceof ProviderError)) throw error
  if (error.code === 'no_permission') return undefined
  throw error.code === 'request_unknown' ? new ProviderError('provider_refused', { message: WRONG_ADDRESS }) : error
}

const WRONG_ADDRESS = 'There is no OpenAI at this address: it has no list of models. An address usually ends in /v1.'

function describeCheck({ length }: readonly ModelSpec[], isListed: boolean): ConnectionCheck {
  if (!isListed)
    return { ok: true, note: `The key may not list models: all ${length} known ones are offered. Checking was free.` }
  if (length === 0) return { ok: true, note: 'The key works, but the account lists no image model. Checking was free.' }
  return { ok: true, note: `It works: ${length} image ${length === 1 ? 'model' : 'models'}. Checking was free.` }
}
