import { createRandom } from '../random.ts'
import type { OutputFault } from './behavior.ts'
import { getReportedCost } from './invoice.ts'
import type { PredictionRecord, ProviderState } from './state.ts'
import { BYTES_MODEL, OWN_ID_MODEL, type PredictionStatus, type Submission } from './wire.ts'

/** One in so many predictions does not report its cost, where costs are reported. */
const UNREPORTED_ONE_IN = 3
const OWN_FAILURE = { code: 'internal', message: '' }
const ENDED: readonly PredictionStatus[] = ['succeeded', 'failed', 'canceled']

/** Starts a prediction, or returns the one of the same key where keys are recognised. */
export function startPrediction(
  state: ProviderState,
  submission: Submission,
  idempotencyKey: string | null,
): PredictionRecord {
  const { recognisesKeys, failsOneIn, reportsCosts } = state.behavior
  const known = findPrediction(state, idempotencyKey)
  if (known && (recognisesKeys || submission.model === OWN_ID_MODEL)) return known
  // Ids are random, because a restarted server must not know the predictions of the one before.
  const id = crypto.randomUUID()
  const random = createRandom(id)
  const prediction = {
    id,
    submission,
    idempotencyKey,
    startedAt: performance.now(),
    delayMs: state.behavior.delayMs,
    cancelled: false,
    fails: failsOneIn !== null && random.oneIn(failsOneIn),
    reportsCost: reportsCosts && !random.oneIn(UNREPORTED_ONE_IN),
  }
  state.predictions.set(prediction.id, prediction)
  return prediction
}

/** Finds the first prediction of an idempotency key. */
export function findPrediction(state: ProviderState, idempotencyKey: string | null): PredictionRecord | undefined {
  if (idempotencyKey === null) return undefined
  return [...state.predictions.values()].find(other => other.idempotencyKey === idempotencyKey)
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
    error: status === 'failed' ? (behavior.failure ?? OWN_FAILURE) : null,
    cost: ENDED.includes(status) ? getReportedCost(prediction) : null,
  }
}

export function statusOf(state: ProviderState, prediction: PredictionRecord): PredictionStatus {
  if (prediction.cancelled) return 'canceled'
  if (state.behavior.queuePosition !== null) return 'starting'
  if (countFinishedOutputs(state, prediction) < prediction.submission.indices.length) return 'processing'
  return state.behavior.failure || prediction.fails ? 'failed' : 'succeeded'
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
    finished.map(index => listOutput(state, prediction, index)),
  )
}

interface ListedOutput {
  index: number
  url: string
  posterUrl?: string
}

function listOutput({ url, behavior }: ProviderState, { id }: PredictionRecord, index: number): ListedOutput {
  const poster = behavior.hasPosters ? { posterUrl: `${url}/posters/${id}/${index}.png` } : {}
  return { index, url: `${url}/files/${id}/${index}.png`, ...poster }
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
