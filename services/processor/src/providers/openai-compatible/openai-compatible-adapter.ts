import type { Dialect } from '@darkroom/contracts/connection'
import type { CompatibleServer } from '@darkroom/contracts/connection-kinds'
import {
  type Adapter,
  type AnswerOptions,
  type CallOptions,
  type ConnectionCheck,
  ProviderError,
  type ProviderRequest,
  type RawAnswer,
  type SavedAnswer,
  type SubmitResult,
} from '../adapter.ts'
import { sendSubmission } from '../http/send-submission.ts'
import { checkServer, toCheckError } from './check-server.ts'
import { createClassifier } from './classify-refusal.ts'
import { discoverModels } from './discover-models.ts'
import { identifyServer } from './identify-server.ts'
import { getMaxSeconds, toModelSpec } from './model-spec.ts'
import { readImages, toOutputs, toReceipt } from './read-images.ts'
import { createWireRequest } from './request-body.ts'
import { type ResolvedDialect, resolveDialect } from './resolve-dialect.ts'
import { findServerByHost } from './server-address.ts'
import { createClients, createKeyHeaders, type ServerClients } from './server-clients.ts'
import { PRESETS } from './server-presets.ts'

export interface OpenAiCompatibleOptions {
  /** Id of the connection. */
  connection: string
  /** Address of the server, with or without the version of its API at the end. */
  baseUrl: string
  key: string | null
  /** Dialect that a user has set. */
  dialect: Dialect | null
  /** Dialect that a check has found. */
  foundDialect: Dialect | null
  fetch?: typeof fetch
  /** Time limit of a request that makes nothing, in ms; 10,000 unless given. */
  deadlineMs?: number
  /** Time limit of one that makes an image, in ms; that of its server unless given. */
  submitDeadlineMs?: number
}

type CompleteOptions = OpenAiCompatibleOptions & Required<Pick<OpenAiCompatibleOptions, 'fetch' | 'deadlineMs'>>

interface Context extends CompleteOptions {
  /** Identifies the server by free requests, unless it is known. @throws ProviderError */
  findServer: (signal: AbortSignal) => Promise<CompatibleServer>
}

/** Time limit of a request that makes nothing, in ms. */
const QUERY_MS = 10_000
/** A large image in base64, in bytes, several times over. */
const MAX_ANSWER_BYTES = 128_000_000
/** Header of a stored answer that names the dialect of its request, by which it is read. */
const SERVER_HEADER = 'darkroom-server'

/** Creates the adapter of a server that speaks a dialect of OpenAI's images API. One call makes one image. */
export function createOpenAiCompatibleAdapter(options: OpenAiCompatibleOptions): Adapter {
  const complete = { fetch: globalThis.fetch, deadlineMs: QUERY_MS, ...options }
  const context: Context = { ...complete, findServer: createServerFinder(complete) }
  return {
    connection: options.connection,
    kind: 'openai-compatible',
    submitting: {
      kind: 'remote',
      submit: (request, callOptions) => submit(context, request, callOptions),
      readAnswer: (answer, answerOptions) => readAnswer(context, answer, answerOptions),
    },
    check: async () => {
      throw new ProviderError('request_unknown', { message: 'The server answers at once and stores no requests.' })
    },
    cancel: async () => ({ kind: 'unsupported', billed: null }),
    checkConnection: signal => checkConnection(context, signal),
    models: signal => listModels(context, signal),
    download: () => ({ headers: createKeyHeaders(options.key), origins: [new URL(options.baseUrl).origin] }),
  }
}

async function submit(context: Context, request: ProviderRequest, { signal }: CallOptions): Promise<RawAnswer> {
  const { dialect, clients } = await open(context, signal)
  const { path, body, fields } = createWireRequest(request, dialect)
  const client = { ...clients.api, classify: createClassifier({ fields, hasKey: context.key !== null }) }
  const deadlineMs = context.submitDeadlineMs ?? getMaxSeconds(dialect) * 1_000
  const submission = { path, body, headers: { ...dialect.preset.headers } }
  const answer = await sendSubmission(client, submission, { signal, deadlineMs, maxBytes: MAX_ANSWER_BYTES })
  return { ...answer, headers: { ...answer.headers, [SERVER_HEADER]: dialect.server } }
}

/** Reads an answer by the dialect that its request was written in: the connection may have another one by now. */
async function readAnswer(context: Context, answer: SavedAnswer, options: AnswerOptions): Promise<SubmitResult> {
  const headers = await answer.headers()
  const server = Object.keys(PRESETS).find(name => name === headers[SERVER_HEADER]) as CompatibleServer | undefined
  const preset = PRESETS[server ?? 'openai']
  const images = await readImages(answer.body(options.signal))
  options.onReceipt?.(toReceipt(images, headers, { preset }))
  const { origin } = new URL(context.baseUrl)
  const outputs = toOutputs(images, options, { preset, origin, hasKey: context.key !== null, now: new Date() })
  return { kind: 'outputs', outputs: yieldAll(outputs) }
}

async function checkConnection(context: Context, signal: AbortSignal): Promise<ConnectionCheck> {
  try {
    const { dialect, clients } = await open({ ...context, findServer: createServerFinder(context, 'anew') }, signal)
    return await checkServer(clients, dialect, signal)
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return { ok: false, error: toCheckError(error, context.baseUrl) }
  }
}

async function listModels(context: Context, signal: AbortSignal) {
  try {
    const { dialect, clients } = await open(context, signal)
    const models = await discoverModels(clients, dialect, signal)
    return models.map(model => toModelSpec(context.connection, model, dialect))
  } catch (error) {
    throw error instanceof ProviderError ? toCheckError(error, context.baseUrl) : error
  }
}

/** Resolves the dialect of the server, which is identified first where nothing names it. */
async function open(
  context: Context,
  signal: AbortSignal,
): Promise<{ dialect: ResolvedDialect; clients: ServerClients }> {
  const server = await context.findServer(signal)
  const { dialect: user, foundDialect } = context
  // What was found is that of the server which it names.
  const found = foundDialect?.server === undefined || foundDialect.server === server ? foundDialect : null
  const dialect = resolveDialect({ user, found, server })
  return { dialect, clients: createClients(context, dialect.preset) }
}

/** Creates a search for the server. `anew`: what an earlier check has found does not count. */
function createServerFinder(options: CompleteOptions, mode: 'known' | 'anew' = 'known'): Context['findServer'] {
  const found = mode === 'anew' ? null : (options.foundDialect?.server ?? null)
  let server = options.dialect?.server ?? findServerByHost(options.baseUrl) ?? found
  return async signal => {
    server ??= await identifyServer(createClients(options, PRESETS.openai), signal)
    return server
  }
}

async function* yieldAll<T>(items: readonly T[]): AsyncGenerator<T, void> {
  yield* items
}
