import type { FailureClass, FailureCode } from '@darkroom/contracts/failures'
import {
  BYTES_MODEL,
  Prediction,
  type PredictionStatus,
  type Submission,
  UrlOutput,
} from '@darkroom/infra/testing/fake-provider/wire'
import {
  type AnswerOptions,
  type CallOptions,
  type CheckResult,
  type Provider,
  ProviderError,
  type ProviderOutput,
  type ProviderRequest,
  type RawAnswer,
  type SavedAnswer,
  type SubmitResult,
} from '../src/providers/provider.ts'
import {
  createMisbehavedError,
  decodeText,
  type HttpClient,
  type HttpRequest,
  readChunks,
  sendRequest,
} from './fake-http.ts'
import { FAKE_MODELS } from './fake-models.ts'
import { readOutputs } from './fake-stream.ts'

export interface FakeProviderOptions {
  url: string
  fetch?: typeof fetch
  /** Time limit of each request, in ms; 30,000 unless given. */
  deadlineMs?: number
}

/**
 * Creates the adapter of the fake provider (`fake-server.ts`), whose HTTP API is modelled on Replicate's predictions. It is
 * written as the adapter of a real provider would be.
 */
export function createFakeProvider({
  url,
  fetch = globalThis.fetch,
  deadlineMs = 30_000,
}: FakeProviderOptions): Provider {
  const client: HttpClient = { url, fetch, deadlineMs }
  return {
    name: 'fake',
    isFree: false,
    submitting: {
      kind: 'remote',
      submit: (request, options) => submit(client, request, options),
      readAnswer,
    },
    check: async (requestId, signal) => {
      const path = getPredictionPath(requestId)
      const prediction = await requestPrediction(client, { ...IDEMPOTENT, method: 'GET', path, signal })
      return TO_CHECK_RESULT[prediction.status](prediction)
    },
    cancel: async (requestId, signal) => {
      const path = `${getPredictionPath(requestId)}/cancel`
      const { status } = await requestPrediction(client, { ...IDEMPOTENT, method: 'POST', path, signal })
      return status === 'canceled' ? 'cancelled' : 'too-late'
    },
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
  return { headers: Object.fromEntries(response.headers), body: readChunks(response, httpRequest, maxBytes) }
}

async function readAnswer(answer: SavedAnswer, options: AnswerOptions): Promise<SubmitResult> {
  await answer.headers()
  const text = decodeText(answer.body(options.signal))
  if (options.model === BYTES_MODEL) {
    return { kind: 'outputs', outputs: readOutputs(text, options.indices, options.onProgress) }
  }
  return { kind: 'accepted', requestId: parsePrediction(await joinText(text), 'unknown').id }
}

function getPredictionPath(requestId: string): string {
  return `/predictions/${encodeURIComponent(requestId)}`
}

function toSubmission({ references, ...request }: ProviderRequest): Submission {
  return {
    ...request,
    indices: [...request.indices],
    settings: { ...request.settings },
    references: references.map(({ mimeType, bytes }) => ({
      mimeType,
      bytes: bytes.byteLength,
      sha256: new Bun.CryptoHasher('sha256').update(bytes).digest('hex'),
    })),
  }
}

async function requestPrediction(client: HttpClient, httpRequest: HttpRequest): Promise<Prediction> {
  const response = await sendRequest(client, httpRequest)
  const text = await joinText(decodeText(readChunks(response, httpRequest, MAX_RESPONSE)))
  return parsePrediction(text, httpRequest.failureIfUnanswered)
}

function parsePrediction(text: string, failure: FailureClass): Prediction {
  try {
    return Prediction.parse(JSON.parse(text))
  } catch (error) {
    throw createMisbehavedError(failure, error)
  }
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
  return [...usable.values()].map(({ index, url, expiresAt }) => {
    return { kind: 'url', index, url, expiresAt: expiresAt ? new Date(expiresAt) : null }
  })
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
