import type { FailureCode } from '@darkroom/contracts/failures'
import {
  BYTES_MODEL,
  Prediction,
  type PredictionStatus,
  type Submission,
  UrlOutput,
} from '@darkroom/infra/testing/fake-provider/wire'
import {
  type Checked,
  type Provider,
  ProviderError,
  type ProviderOutput,
  type ProviderRequest,
} from '../src/providers/provider.ts'
import { type Asker, ask, misbehaved, type Question, textOf } from './fake-http.ts'
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
  const asker: Asker = { url, fetch, deadlineMs }
  return {
    name: 'fake',
    free: false,
    async submit(request, { idempotencyKey, signal, onProgress }) {
      const headers = { 'idempotency-key': idempotencyKey }
      const body = submissionOf(request)
      const question = { method: 'POST', path: '/predictions', headers, body, signal, unanswered: 'unknown' } as const
      const response = await ask(asker, question)
      if (request.model !== BYTES_MODEL) return { kind: 'accepted', requestId: (await read(response, question)).id }
      return { kind: 'outputs', outputs: readOutputs(response, question, request.indices, onProgress) }
    },
    async check(requestId, signal) {
      const question = { method: 'GET', path: pathOf(requestId), signal, unanswered: 'retryable' } as const
      const prediction = await read(await ask(asker, question), question)
      return CHECKED[prediction.status](prediction)
    },
    async cancel(requestId, signal) {
      const path = `${pathOf(requestId)}/cancel`
      const question = { method: 'POST', path, signal, unanswered: 'retryable' } as const
      const { status } = await read(await ask(asker, question), question)
      return status === 'canceled' ? 'cancelled' : 'too-late'
    },
    models: async () => [...FAKE_MODELS],
  }
}

/** Far above what ten outputs need: the rest of a longer answer is not worth the memory. */
const ANSWER_CHARACTERS = 4_000_000
const LOOK_AGAIN_SECONDS = 1

function pathOf(requestId: string): string {
  return `/predictions/${encodeURIComponent(requestId)}`
}

function submissionOf({ references, ...request }: ProviderRequest): Submission {
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

async function read(response: Response, question: Question): Promise<Prediction> {
  const text = (await Array.fromAsync(textOf(response, question, ANSWER_CHARACTERS))).join('')
  try {
    return Prediction.parse(JSON.parse(text))
  } catch (error) {
    throw misbehaved(question, error)
  }
}

const CHECKED: Record<PredictionStatus, (prediction: Prediction) => Checked> = {
  starting: waiting,
  processing: waiting,
  succeeded: finished,
  failed: ({ error }) => ({ kind: 'failed', error: errorOf(error?.code ?? '') }),
  canceled: () => failed('cancelled_by_provider'),
}

function waiting(prediction: Prediction): Checked {
  const { lookAgainSeconds, progress, queuePosition } = prediction
  return {
    kind: 'waiting',
    lookAgainSeconds: lookAgainSeconds ?? LOOK_AGAIN_SECONDS,
    outputs: outputsOf(prediction),
    ...(typeof progress === 'number' ? { progress } : {}),
    ...(typeof queuePosition === 'number' ? { queuePosition } : {}),
  }
}

function finished(prediction: Prediction): Checked {
  const outputs = outputsOf(prediction)
  if (outputs.length === 0) return failed('no_outputs')
  return { kind: 'finished', outputs }
}

/** The outputs that can be used: an http address nobody else has, for an index that was asked for. */
function outputsOf({ output, indices }: Prediction): ProviderOutput[] {
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

function errorOf(code: string): ProviderError {
  const known = Object.hasOwn(ERRORS, code) ? ERRORS[code] : undefined
  return known?.() ?? new ProviderError('provider_failed')
}

function failed(code: FailureCode): Checked {
  return { kind: 'failed', error: new ProviderError(code, { failure: 'permanent' }) }
}
