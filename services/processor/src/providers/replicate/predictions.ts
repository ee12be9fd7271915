import {
  type CancelResult,
  type CheckOptions,
  type CheckResult,
  ProviderError,
  type ProviderOutput,
  type Receipt,
} from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { computePollInterval } from '../poll-interval.ts'
import { toPredictionError } from './classify.ts'
import { OUTPUT_SECONDS } from './model-specs.ts'
import { listOutputUrls } from './output-urls.ts'
import { Prediction, PredictionId } from './wire.ts'

/** Predictions run side by side at Replicate: no wait for one of them holds a slot. */
const POLL_SECONDS = { min: 1, max: 5 }
/** Logs are in an answer as well, and may be long. */
const MAX_PREDICTION_BYTES = 8_000_000

/** Polls a prediction. @throws ProviderError when the poll itself fails */
export async function checkPrediction(
  client: HttpClient,
  handle: string,
  signal: AbortSignal,
  { onReceipt, indices = [0], ageSeconds = 0 }: CheckOptions,
): Promise<CheckResult> {
  const found = await requestPrediction(client, { method: 'GET', path: toPath(handle), signal })
  // The record of a prediction stays when its data is removed: one that is not there was made by another account.
  if (found === undefined) return { kind: 'never-seen' }
  const result = toCheckResult(found, indices, ageSeconds)
  if (result.kind !== 'waiting') onReceipt?.(toReceipt(found))
  return result
}

/**
 * Cancels a prediction. One that had not begun is not billed; one that runs is, for its time. [D
 * https://replicate.com/docs/topics/predictions/lifecycle] @throws ProviderError
 */
export async function cancelPrediction(client: HttpClient, handle: string, signal: AbortSignal): Promise<CancelResult> {
  const found = await requestPrediction(client, { method: 'POST', path: `${toPath(handle)}/cancel`, signal })
  if (found === undefined) return { kind: 'too-late', billed: null }
  const hasBegun = typeof found.started_at === 'string' || found.status === 'processing'
  switch (found.status) {
    case 'succeeded':
      return { kind: 'too-late', billed: true }
    case 'failed':
      return { kind: 'too-late', billed: null }
    case 'canceled':
    case 'aborted':
      return { kind: 'cancelled', billed: hasBegun }
    default:
      // It is being cancelled, and may begin until then.
      return { kind: 'cancelled', billed: hasBegun ? true : null }
  }
}

/** Returns the path of a prediction. @throws ProviderError `request_unknown` for a handle that is none */
function toPath(handle: string): string {
  const { data } = PredictionId.safeParse(handle)
  if (data === undefined) throw new ProviderError('request_unknown')
  return `/predictions/${data}`
}

async function requestPrediction(
  client: HttpClient,
  { method, path, signal }: Pick<HttpRequest, 'method' | 'path' | 'signal'>,
): Promise<Prediction | undefined> {
  const request: HttpRequest = { method, path, signal, failureIfUnanswered: 'retryable' }
  const response = await sendRequest(client, request).catch(toUndefinedIfUnknown)
  if (response === undefined) return undefined
  const { data } = Prediction.safeParse(await readJson(response, request, MAX_PREDICTION_BYTES))
  if (!data) throw createMisbehavedError('retryable')
  return data
}

function toUndefinedIfUnknown(error: unknown): undefined {
  if (error instanceof ProviderError && error.code === 'request_unknown') return undefined
  throw error
}

function toCheckResult(prediction: Prediction, indices: readonly number[], ageSeconds: number): CheckResult {
  const pollAfterSeconds = computePollInterval(ageSeconds, POLL_SECONDS)
  switch (prediction.status) {
    case 'starting':
      return { kind: 'waiting', pollAfterSeconds, queuePosition: 0, outputs: [] }
    case 'processing':
      return { kind: 'waiting', pollAfterSeconds, outputs: [] }
    case 'canceled':
    case 'aborted':
      return { kind: 'failed', error: new ProviderError('cancelled_by_provider') }
    case 'failed':
      return { kind: 'failed', error: toPredictionError(prediction.error) }
    case 'succeeded':
      return toFinished(prediction, indices)
  }
}

/** Returns the outputs of a prediction. Its data is removed after an hour: then its output is null. [S] predictions.get */
function toFinished(prediction: Prediction, indices: readonly number[]): CheckResult {
  const { output, data_removed: isRemoved } = prediction
  if (isRemoved === true || output === null || output === undefined) return { kind: 'gone' }
  const urls = listOutputUrls(output)
  if (urls.length === 0) return { kind: 'failed', error: new ProviderError('no_outputs') }
  const expiresAt = computeExpiry(prediction, Date.now())
  const outputs = indices.flatMap((index, position): ProviderOutput[] => {
    const url = urls[position]
    return url === undefined ? [] : [{ index, kind: 'url', url, expiresAt }]
  })
  return { kind: 'finished', outputs }
}

const GRACE_MS = 60_000

/** Computes when an output expires: it lives for an hour from its end. One that Replicate still names is not given up, whatever the clock of this machine says. */
function computeExpiry({ completed_at, created_at }: Prediction, now: number): Date {
  const [endedAt = now] = [completed_at, created_at]
    .map(text => Date.parse(text ?? ''))
    .filter(time => Number.isFinite(time))
  return new Date(Math.max(now + GRACE_MS, Math.min(now, endedAt) + OUTPUT_SECONDS * 1_000))
}

const MAX_METRICS = 20
const MODEL = /^[\w.-]{1,100}\/[\w.-]{1,100}$/

/** Returns what Replicate reports: seconds and counts, and the model that ran. The cost is not among it. */
function toReceipt({ metrics, model }: Prediction): Receipt {
  const usage = Object.entries(metrics ?? {})
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number' && Number.isFinite(entry[1]))
    .filter(([name]) => /^\w{1,64}$/.test(name))
    .slice(0, MAX_METRICS)
  return {
    ...(usage.length > 0 && { usage: Object.fromEntries(usage) }),
    ...(typeof model === 'string' && MODEL.test(model) && { model }),
  }
}
