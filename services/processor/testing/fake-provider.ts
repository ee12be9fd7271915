import type { FailureCode } from '@darkroom/contracts/failures'
import {
  BYTES_MODEL,
  Prediction,
  type PredictionStatus,
  type Submission,
  UrlOutput,
} from '@darkroom/infra/testing/fake-provider/wire'
import {
  type CheckResult,
  type Provider,
  ProviderError,
  type ProviderOutput,
  type ProviderRequest,
} from '../src/providers/provider.ts'
import { createMisbehavedError, type HttpClient, type HttpRequest, readText, sendRequest } from './fake-http.ts'
import { FAKE_MODELS } from './fake-models.ts'
import { readOutputs } from './fake-stream.ts'

export interface FakeProviderOptions {
  url: string
  fetch?: typeof fetch
  /** For each request; 30,000 unless said. */
  deadlineMs?: number
}

/**
 * Speaks to the tests' provider (`fake-server.ts`) over its wire, which is shaped after Replicate's predictions, and is
 * written as an adapter for a real one would be.
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
    async submit(request, { idempotencyKey, signal, onProgress }) {
      const headers = { 'idempotency-key': idempotencyKey }
      const body = toSubmission(request)
      const httpRequest = {
        method: 'POST',
        path: '/predictions',
        headers,
        body,
        signal,
        failureIfUnanswered: 'unknown',
      } as const
      const response = await sendRequest(client, httpRequest)
      if (request.model !== BYTES_MODEL)
        return { kind: 'accepted', requestId: (await readPrediction(response, httpRequest)).id }
      return { kind: 'outputs', outputs: readOutputs(response, httpRequest, request.indices, onProgress) }
    },
    async check(requestId, signal) {
      const httpRequest = {
        method: 'GET',
        path: getPredictionPath(requestId),
        signal,
        failureIfUnanswered: 'retryable',
      } as const
      const prediction = await readPrediction(await sendRequest(client, httpRequest), httpRequest)
      return TO_CHECK_RESULT[prediction.status](prediction)
    },
    async cancel(requestId, signal) {
      const path = `${getPredictionPath(requestId)}/cancel`
      const httpRequest = { method: 'POST', path, signal, failureIfUnanswered: 'retryable' } as const
      const { status } = await readPrediction(await sendRequest(client, httpRequest), httpRequest)
      return status === 'canceled' ? 'cancelled' : 'too-late'
    },
    models: async () => [...FAKE_MODELS],
  }
}

/** Far above what ten outputs need: the rest of a longer answer is not worth the memory. */
const MAX_RESPONSE_CHARACTERS = 4_000_000
const DEFAULT_POLL_SECONDS = 1

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

async function readPrediction(response: Response, httpRequest: HttpRequest): Promise<Prediction> {
  const text = (await Array.fromAsync(readText(response, httpRequest, MAX_RESPONSE_CHARACTERS))).join('')
  try {
    return Prediction.parse(JSON.parse(text))
  } catch (error) {
    throw createMisbehavedError(httpRequest, error)
  }
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

/** The outputs that can be used: an http address nobody else has, for an index that was asked for. */
function toOutputs({ output, indices }: Prediction): ProviderOutput[] {
  const usable = new Map<string, UrlOutput>()
  const taken = new Set<number>()
  for (const item of Array.isArray(output) ? output : []) {
    const { data } = UrlOutput.safeParse(item)
    if (!data || usable.has(data.url) || taken.has(data.index) || !(indices?.includes(data.index) ?? true)) continue
    usable.set(data.url, data)
    taken.add(data.index)
  }
  return [...usable.values()].map(({ index, url, expiresAt }) => {
    return { kind: 'url', index, url, expiresAt: expiresAt ? new Date(expiresAt) : null }
  })
}

/** What the provider may name as the reason, in our words: its own are never shown. */
const ERRORS: Readonly<Record<string, () => ProviderError>> = {
  content_refused: () => new ProviderError('content_refused'),
  overloaded: () => new ProviderError('provider_busy', { message: 'The provider had no room for it.' }),
}

function toProviderError(code: string): ProviderError {
  const known = Object.hasOwn(ERRORS, code) ? ERRORS[code] : undefined
  return known?.() ?? new ProviderError('provider_failed')
}

function createFailedResult(code: FailureCode): CheckResult {
  return { kind: 'failed', error: new ProviderError(code, { failure: 'permanent' }) }
}
