import type { OutputFault } from './behavior.ts'
import type { PredictionRecord, ProviderState } from './state.ts'
import { BYTES_MODEL, type PredictionStatus, type Submission } from './wire.ts'

/** Starts a prediction, or returns the one of the same key where keys are recognised. */
export function startPrediction(
  state: ProviderState,
  submission: Submission,
  idempotencyKey: string | null,
): PredictionRecord {
  const known = [...state.predictions.values()].find(other => other.idempotencyKey === idempotencyKey)
  if (known && idempotencyKey !== null && state.behavior.recognisesKeys) return known
  // Ids are random, because a restarted server must not know the predictions of the one before.
  const prediction = {
    id: crypto.randomUUID(),
    submission,
    idempotencyKey,
    startedAt: performance.now(),
    delayMs: state.behavior.delayMs,
    cancelled: false,
  }
  state.predictions.set(prediction.id, prediction)
  return prediction
}

/** Returns a prediction as a response describes it now. Records its status in the request log. */
export function describePrediction(state: ProviderState, prediction: PredictionRecord) {
  const { behavior } = state
  const status = statusOf(state, prediction)
  state.requestLog.predictions[prediction.id] = status
  return {
    id: prediction.id,
    status,
    indices: prediction.submission.indices,
    progress:
      status === 'starting' ? 0 : countFinishedOutputs(state, prediction) / prediction.submission.indices.length,
    queuePosition: status === 'starting' ? behavior.queuePosition : null,
    lookAgainSeconds: behavior.lookAgainSeconds,
    output: buildOutput(state, prediction, status),
    error: status === 'failed' ? behavior.failure : null,
  }
}

export function statusOf(state: ProviderState, prediction: PredictionRecord): PredictionStatus {
  if (prediction.cancelled) return 'canceled'
  if (state.behavior.queuePosition !== null) return 'starting'
  if (countFinishedOutputs(state, prediction) < prediction.submission.indices.length) return 'processing'
  return state.behavior.failure ? 'failed' : 'succeeded'
}

/** Returns the indices that a faulty list of outputs names. */
export function listFaultyIndices(state: ProviderState, prediction: PredictionRecord): number[] {
  const listed = applyOutputFault(
    state,
    prediction.submission.indices.map(index => ({ index, url: '' })),
  )
  const named = Array.isArray(listed) ? listed.map(({ index }) => index) : []
  return prediction.submission.indices.filter(index => named.includes(index))
}

function countFinishedOutputs({ behavior }: ProviderState, prediction: PredictionRecord): number {
  const count = prediction.submission.indices.length
  const done = prediction.delayMs === 0 ? 1 : (performance.now() - prediction.startedAt) / prediction.delayMs
  return Math.min(count, Math.floor(done * count), behavior.readyOutputs ?? count)
}

const ENDED_WITH_OUTPUT: readonly PredictionStatus[] = ['succeeded', 'canceled']

function buildOutput(state: ProviderState, prediction: PredictionRecord, status: PredictionStatus): unknown {
  if (prediction.submission.model === BYTES_MODEL || status === 'starting' || status === 'failed') return null
  if (!state.behavior.oneAtATime && !ENDED_WITH_OUTPUT.includes(status)) return null
  const finished = prediction.submission.indices.slice(0, countFinishedOutputs(state, prediction))
  return applyOutputFault(
    state,
    finished.map(index => ({ index, url: `${state.url}/files/${prediction.id}/${index}.png` })),
  )
}

interface ListedOutput {
  index: number
  url: string
}

function applyOutputFault({ behavior }: ProviderState, outputs: ListedOutput[]): unknown {
  const { expiresInSeconds: seconds, output: fault } = behavior
  const expiresAt = seconds === null ? null : new Date(Date.now() + seconds * 1_000).toISOString()
  const listed = outputs.map(output => ({ ...output, expiresAt }))
  return fault === null ? listed : OUTPUT_FAULT_HANDLERS[fault](listed)
}

const HOSTILE_URLS = [
  'file:///etc/hostname',
  'javascript:alert(1)',
  'data:image/png;base64,AAAA',
  'http://user:password@example.com/1.png',
  '//example.com/1.png',
  'http://169.254.169.254/latest/meta-data/',
]

const OUTPUT_FAULT_HANDLERS: Record<OutputFault, (outputs: ListedOutput[]) => unknown> = {
  missing: () => undefined,
  null: () => null,
  'not-a-list': () => 'https://example.com/1.png',
  empty: () => [],
  fewer: outputs => outputs.slice(0, -1),
  more: outputs => [...outputs, ...Array.from({ length: 10_000 }, (_, n) => ({ ...outputs[0], index: n }))],
  twice: outputs => outputs.map(({ index }) => ({ ...outputs[0], index })),
  hostile: outputs => outputs.map((output, n) => ({ ...output, url: HOSTILE_URLS[n % HOSTILE_URLS.length] })),
}
