import type { FailureClass, FailureCode } from '@darkroom/contracts/failures'
import {
  BYTES_MODEL,
  Lookup,
  Prediction,
  type PredictionStatus,
  STUDIO_MODEL,
  type Submission,
  UrlOutput,
  VIDEO_MODEL,
} from '@darkroom/infra/testing/fake-provider/wire'
import {
  type Adapter,
  type AnswerOptions,
  type CallOptions,
  type CheckResult,
  ProviderError,
  type ProviderOutput,
  type ProviderRequest,
  type RawAnswer,
  type RecoverResult,
  type SavedAnswer,
  type SubmitResult,
  type WatchOptions,
} from '../src/providers/adapter.ts'
import { toAnswerHeaders } from '../src/providers/http/answer-headers.ts'
import type { HttpClient, HttpRequest } from '../src/providers/http/http-client.ts'
import { decodeText, readChunks, readJson } from '../src/providers/http/read-response.ts'
import { sendRequest } from '../src/providers/http/send-request.ts'
import { createMisbehavedError } from '../src/providers/http/transport-error.ts'
import { FAKE_MODELS } from './fake-models.ts'
import { readOutputs, readWatchLines } from './fake-stream.ts'

export interface FakeAdapterOptions {
  url: string
  fetch?: typeof fetch
  /** Time limit of each request, in ms; 30,000 unless given. */
  deadlineMs?: number
}

/**
 * Creates the adapter of the fake provider (`fake-server.ts`), whose HTTP API is modelled on Replicate's predictions. It is
 * written as the adapter of a real provider would be.
 */
export function createFakeAdapter({ url, fetch = globalThis.fetch, deadlineMs = 30_000 }: FakeAdapterOptions): Adapter {
  const client: HttpClient = { baseUrl: url, fetch, deadlineMs }
  return {
    connection: 'fake',
    kind: 'fake',
    submitting: {
      kind: 'remote',
      submit: (request, options) => submit(client, request, options),
      readAnswer,
      recover: (idempotencyKey, _, signal) => findByKey(client, idempotencyKey, signal),
    },
    check: async (handle, signal, options = {}) => {
      const path = getPredictionPath(handle)
      const prediction = await requestPrediction(client, { ...IDEMPOTENT, method: 'GET', path, signal })
      if (prediction.cost) options.onReceipt?.({ cost: prediction.cost })
      return TO_CHECK_RESULT[prediction.status](prediction)
    },
    watch: (handle, options, signal) => watch(client, handle, options, signal).catch(() => {}),
    cancel: async (handle, signal) => {
      const path = `${getPredictionPath(handle)}/cancel`
      const { status } = await requestPrediction(client, { ...IDEMPOTENT, method: 'POST', path, signal })
      return status === 'canceled' ? { kind: 'cancelled', billed: false } : { kind: 'too-late', billed: true }
    },
    checkConnection: async () => ({ ok: true, note: 'It works.' }),
    models: async () => [...FAKE_MODELS],
  }
}

/** Requests that begin no work: without a response they may be made again. */
const IDEMPOTENT = { failureIfUnanswered: 'retryable' } as const
/** Far above the size of ten URLs, in bytes: a longer response is rejected to save memory. */
const MAX_RESPONSE = 4_000_000
/** Enough for ten large images in base64, in bytes. */
const MAX_BYTES_RESPONSE = 256_000_000
const DEFAULT_POLL_SECONDS = 1

async function submit(
  client: HttpClient,
  request: ProviderRequest,
  { idempotencyKey, signal }: CallOptions,
): Promise<RawAnswer> {
  const httpRequest: HttpRequest = {
    method: 'POST',
    path: '/predictions',
    headers: { 'idempotency-key': idempotencyKey },
    body: toSubmission(request),
    signal,
    failureIfUnanswered: 'unknown',
  }
  const response = await sendRequest(client, httpRequest)
  const maxBytes = request.model === BYTES_MODEL ? MAX_BYTES_RESPONSE : MAX_RESPONSE
  return { headers: toAnswerHeaders(client, response), body: readChunks(response, httpRequest, maxBytes) }
}

async function readAnswer(answer: SavedAnswer, options: AnswerOptions): Promise<SubmitResult> {
  await answer.headers()
  const text = decodeText(answer.body(options.signal))
  if (options.model === BYTES_MODEL) {
    return { kind: 'outputs', outputs: readOutputs(text, options) }
  }
  return { kind: 'accepted', handle: parsePrediction(parseJson(await joinText(text)), 'unknown').id }
}

/** Time limit of one stream of previews, in ms. */
const WATCH_DEADLINE_MS = 600_000
const MAX_WATCH_BYTES = 1_000_000_000

async function watch(client: HttpClient, handle: string, options: WatchOptions, signal: AbortSignal): Promise<void> {
  const path = `${getPredictionPath(handle)}/watch`
  const httpRequest: HttpRequest = { ...IDEMPOTENT, method: 'GET', path, signal, deadlineMs: WATCH_DEADLINE_MS }
  const response = await sendRequest(client, httpRequest)
  await readWatchLines(decodeText(readChunks(response, httpRequest, MAX_WATCH_BYTES)), options)
}

async function findByKey(client: HttpClient, idempotencyKey: string, signal: AbortSignal): Promise<RecoverResult> {
  const path = `/predictions?key=${encodeURIComponent(idempotencyKey)}`
  const httpRequest: HttpRequest = { ...IDEMPOTENT, method: 'GET', path, signal }
  const { data } = Lookup.safeParse(await readJson(await sendRequest(client, httpRequest), httpRequest, MAX_RESPONSE))
  if (!data) throw createMisbehavedError('retryable')
  if (data.prediction) return { kind: 'found', handle: data.prediction.id }
  return { kind: data.searched ? 'never-taken' : 'cannot-tell' }
}

function getPredictionPath(handle: string): string {
  return `/predictions/${encodeURIComponent(handle)}`
}

function toSubmission({ references, ...request }: ProviderRequest): Submission {
  const { aspectRatio: _, resolution: __, ...sent } = request
  const isStored = request.model === STUDIO_MODEL || request.model === VIDEO_MODEL
  return {
    ...sent,
    indices: [...request.indices],
    settings: { ...request.settings },
    references: references.map(({ bytes, ...reference }) => ({
      ...reference,
      bytes: bytes.byteLength,
      sha256: new Bun.CryptoHasher('sha256').update(bytes).digest('hex'),
      ...(isStored && { base64: Buffer.from(bytes).toString('base64') }),
    })),
  }
}

async function requestPrediction(client: HttpClient, httpRequest: HttpRequest): Promise<Prediction> {
  const response = await sendRequest(client, httpRequest)
  return parsePrediction(await readJson(response, httpRequest, MAX_RESPONSE), httpRequest.failureIfUnanswered)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw createMisbehavedError('unknown')
  }
}

function parsePrediction(body: unknown, failure: FailureClass): Prediction {
  const { data } = Prediction.safeParse(body)
  if (!data) throw createMisbehavedError(failure)
  return data
}

async function joinText(text: AsyncIterable<string>): Promise<string> {
  return (await Array.fromAsync(text)).join('')
}

const TO_CHECK_RESULT: Record<PredictionStatus, (prediction: Prediction) => CheckResult> = {
  starting: toWaitingResult,
  processing: toWaitingResult,
  succeeded: toFinishedResult,
  failed: ({ error }) => ({ kind: 'failed', error: toProviderError(error?.code ?? '') }),
  canceled: () => createFailedResult('cancelled_by_provider'),
}

function toWaitingResult(prediction: Prediction): CheckResult {
  const { lookAgainSeconds, progress, queuePosition } = prediction
  return {
    kind: 'waiting',
    pollAfterSeconds: lookAgainSeconds ?? DEFAULT_POLL_SECONDS,
    outputs: toOutputs(prediction),
    ...(typeof progress === 'number' ? { progress } : {}),
    ...(typeof queuePosition === 'number' ? { queuePosition } : {}),
  }
}

function toFinishedResult(prediction: Prediction): CheckResult {
  const outputs = toOutputs(prediction)
  if (outputs.length === 0) return createFailedResult('no_outputs')
  return { kind: 'finished', outputs }
}

/** Returns the valid outputs: those with a requested index and an HTTP URL, each index and URL once. */
function toOutputs({ output, indices }: Prediction): ProviderOutput[] {
  const usable = new Map<string, UrlOutput>()
  const seenIndices = new Set<number>()
  for (const item of Array.isArray(output) ? output : []) {
    const { data } = UrlOutput.safeParse(item)
    if (!data || usable.has(data.url) || seenIndices.has(data.index) || !(indices?.includes(data.index) ?? true))
      continue
    usable.set(data.url, data)
    seenIndices.add(data.index)
  }
  return [...usable.values()].map(({ index, url, expiresAt, posterUrl }) => ({
    kind: 'url',
    index,
    url,
    expiresAt: expiresAt ? new Date(expiresAt) : null,
    ...(posterUrl && { posterUrl }),
  }))
}

/** Errors by the provider's reason, with our own messages: the provider's are never shown. */
const ERRORS: Readonly<Record<string, () => ProviderError>> = {
  content_refused: () => new ProviderError('content_refused'),
  overloaded: () => new ProviderError('provider_busy', { message: 'The provider had no room for it.' }),
}

function toProviderError(code: string): ProviderError {
  const known = Object.hasOwn(ERRORS, code) ? ERRORS[code] : undefined
  return known?.() ?? new ProviderError('provider_failed')
}

function createFailedResult(code: FailureCode): CheckResult {
  return { kind: 'failed', error: new ProviderError(code) }
}
