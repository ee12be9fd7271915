import { z } from 'zod'
import {
  type Adapter,
  type AnswerOptions,
  type ConnectionCheck,
  ProviderError,
  type ProviderRequest,
  type RawAnswer,
  type SavedAnswer,
  type SubmitResult,
} from '../adapter.ts'
import { getTrace } from '../http/answer-headers.ts'
import type { HttpClient } from '../http/http-client.ts'
import { isOtherServer } from '../http/is-other-server.ts'
import { createKeyHeaders } from '../http/key-headers.ts'
import { parseJson } from '../http/parse-json.ts'
import { decodeText } from '../http/read-response.ts'
import { sendSubmission } from '../http/send-submission.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { toCheckError } from '../openai-compatible/check-server.ts'
import { type Capabilities, readCapabilities } from './capabilities.ts'
import { classifySdCpp, classifySubmission } from './classify.ts'
import { createJob } from './job-body.ts'
import { cancelJob, checkJob, isJobId } from './jobs.ts'
import { createModelSpecs } from './model-specs.ts'

export interface SdCppOptions {
  /** Id of the connection. */
  connection: string
  /** Address of the server: `http://192.168.1.20:1234`. */
  baseUrl: string
  /** Key of a proxy before the server: a token, or `user:password`. */
  key: string | null
  fetch?: typeof fetch
  /** Time limit of a request, in ms; 30,000 unless given. */
  deadlineMs?: number
  /** Time limit of a submission, whose images are sent with it, in ms; 120,000 unless given. */
  submitDeadlineMs?: number
}

const DEADLINE_MS = 30_000
const SUBMIT_DEADLINE_MS = 120_000
/** A server that is busy answers late, and the submission does not depend on this look. */
const LOOK_DEADLINE_MS = 3_000
const MAX_ANSWER_BYTES = 1_000_000
const Accepted = z.looseObject({ id: z.string().refine(isJobId) })
const NO_SERVER =
  'There is no stable-diffusion.cpp with its own API at this address. It usually ends in :1234; older versions of the server lack it.'

/**
 * Creates the adapter of a server of stable-diffusion.cpp, by its own API. It has one model, and describes it by itself.
 *
 * @see docs/providers/sdcpp.md for what is verified
 */
export function createSdCppAdapter(options: SdCppOptions): Adapter {
  const { connection, key, fetch = globalThis.fetch, deadlineMs = DEADLINE_MS } = options
  const { submitDeadlineMs = SUBMIT_DEADLINE_MS } = options
  const baseUrl = options.baseUrl.replace(/\/+$/, '').replace(/(\/sdcpp)?\/v1$/, '')
  const client: HttpClient = {
    baseUrl,
    headers: () => createKeyHeaders(key),
    fetch,
    deadlineMs,
    classify: classifySdCpp,
  }
  return {
    connection,
    kind: 'sdcpp',
    submitting: {
      kind: 'remote',
      submit: async (request, { signal }) => {
        await assertLoaded(client, connection, request, signal)
        return await submit(client, request, { signal, deadlineMs: submitDeadlineMs })
      },
      readAnswer,
    },
    check: (handle, signal, checkOptions = {}) => checkJob(client, handle, signal, checkOptions),
    cancel: (handle, signal) => cancelJob(client, handle, signal),
    checkConnection: async signal => {
      try {
        return { ok: true, note: describeServer(connection, await readServer(client, signal)) }
      } catch (error) {
        return toFailedCheck(error, baseUrl)
      }
    },
    models: async signal => createModelSpecs(connection, await readServer(client, signal)),
  }
}

/**
 * Looks which model the server has loaded: a submission does not name one, so another one would make the images. Where the server cannot
 * be asked, the submission says why.
 *
 * @throws ProviderError `model_unknown`
 */
async function assertLoaded(
  client: HttpClient,
  connection: string,
  { model }: ProviderRequest,
  signal: AbortSignal,
): Promise<void> {
  const deadlineMs = Math.min(LOOK_DEADLINE_MS, client.deadlineMs)
  const server = await readCapabilities(client, signal, deadlineMs).catch(toUndefined)
  if (!server || createModelSpecs(connection, server).some(({ id }) => id === model)) return
  const message = `The server has another model loaded now: ${server.model.slice(0, 100)}. Check the connection, then choose that one.`
  throw new ProviderError('model_unknown', { message })
}

function toUndefined(error: unknown): undefined {
  if (error instanceof ProviderError) return undefined
  throw error
}

async function submit(
  client: HttpClient,
  request: ProviderRequest,
  { signal, deadlineMs }: { signal: AbortSignal; deadlineMs: number },
): Promise<RawAnswer> {
  return await sendSubmission({ ...client, classify: classifySubmission }, createJob(request), {
    signal,
    deadlineMs,
    maxBytes: MAX_ANSWER_BYTES,
  })
}

/** Reads the answer to a submission. @throws ProviderError of class `unknown` where it is cut off or makes no sense */
async function readAnswer(
  answer: SavedAnswer,
  { signal, onReceipt }: Pick<AnswerOptions, 'signal' | 'onReceipt'>,
): Promise<SubmitResult> {
  const trace = getTrace(await answer.headers())
  const text = (await Array.fromAsync(decodeText(answer.body(signal)))).join('')
  const { data } = Accepted.safeParse(parseJson(text))
  if (!data) throw createMisbehavedError('unknown')
  if (trace !== undefined) onReceipt?.({ trace })
  return { kind: 'accepted', handle: data.id }
}

/** Reads the capabilities of the server. @throws ProviderError which says so where something else is at the address */
async function readServer(client: HttpClient, signal: AbortSignal): Promise<Capabilities> {
  try {
    return await readCapabilities(client, signal)
  } catch (error) {
    throw isOtherServer(error) ? new ProviderError('provider_refused', { message: NO_SERVER }) : error
  }
}

function toFailedCheck(error: unknown, baseUrl: string): ConnectionCheck {
  if (error instanceof ProviderError) return { ok: false, error: toCheckError(error, baseUrl) }
  throw error
}

function describeServer(connection: string, server: Capabilities): string {
  const kinds = createModelSpecs(connection, server).map(({ kind }) => (kind === 'video' ? 'videos' : 'images'))
  if (kinds.length > 0)
    return `It works: ${server.model.slice(0, 100)}, which makes ${kinds.join(' and ')}. Checking was free.`
  return server.modes.vid_gen
    ? 'It answers, but its videos cannot be played: the server was built without WebM. Checking was free.'
    : 'It answers, but its model makes neither images nor videos. Checking was free.'
}
