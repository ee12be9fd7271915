import { type CheckOptions, type CheckResult, ProviderError } from '../adapter.ts'
import type { HttpClient } from '../http/http-client.ts'
import { withQuote } from '../http/quote-provider.ts'
import { readJson } from '../http/read-response.ts'
import type { ClassifiedRefusal, Refusal } from '../http/refusal.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { computePollInterval } from '../poll-interval.ts'
import { classifyFailedRequest, classifyFal } from './classify.ts'
import { type BillReader, readBilledUnits } from './cost.ts'
import { sendQueueRequest } from './queue-request.ts'
import { parseHandle, type RequestHandle } from './request-handle.ts'
import { toOutputs } from './result-outputs.ts'
import { ModelResult, QueueStatus } from './wire.ts'

const POLL_SECONDS = { min: 1, max: 5 }
const MAX_STATUS_BYTES = 8_000_000
const MAX_RESULT_BYTES = 4_000_000

/**
 * Polls a request, and fetches its result when it is there. One that fal no longer has is `gone`: it had given its id.
 *
 * @see GET …/requests/{id}/status, GET …/requests/{id} [D]
 */
export async function checkRequest(
  { client, computeCost }: { client: HttpClient; computeCost: BillReader },
  handle: string,
  signal: AbortSignal,
  options: CheckOptions = {},
): Promise<CheckResult> {
  const parsed = parseHandle(handle, client.baseUrl)
  const status = await requestStatus(client, parsed, signal)
  if (status === undefined) return { kind: 'gone' }
  if (status.status !== 'COMPLETED') return toWaiting(status, options.ageSeconds ?? 0)
  const found = await requestResult(client, parsed, { status, signal })
  if (found === undefined) return { kind: 'gone' }
  if (found instanceof ProviderError) return { kind: 'failed', error: found }
  const { result, units } = found
  const cost = units === undefined ? undefined : await computeCost(parsed.model, units, signal)
  options.onReceipt?.({
    trace: parsed.id,
    ...(units !== undefined && { usage: { billable_units: units } }),
    ...(cost && { cost }),
    ...(typeof result.seed === 'number' && { seed: result.seed }),
  })
  const outputs = toOutputs(result, options.indices ?? parsed.indices, options.ageSeconds ?? 0)
  if (outputs.length === 0) return { kind: 'failed', error: new ProviderError('no_outputs') }
  return { kind: 'finished', outputs }
}

/** Asks for the state of a request; undefined where fal has none of it. */
export async function requestStatus(
  client: HttpClient,
  { status: url }: RequestHandle,
  signal: AbortSignal,
): Promise<QueueStatus | undefined> {
  const withLogs = new URL(url)
  withLogs.searchParams.set('logs', '1')
  const sent = await sendQueueRequest(client, { method: 'GET', url: withLogs.href, signal }).catch(toUndefinedIfUnknown)
  if (sent === undefined) return undefined
  const { data } = QueueStatus.safeParse(await readJson(sent.response, sent.request, MAX_STATUS_BYTES))
  if (!data) throw createMisbehavedError('retryable')
  return data
}

export function toUndefinedIfUnknown(error: unknown): undefined {
  if (error instanceof ProviderError && error.code === 'request_unknown') return undefined
  throw error
}

function toWaiting({ status, queue_position, logs }: QueueStatus, ageSeconds: number): CheckResult {
  const progress = findProgress(logs?.at(-1)?.message)
  return {
    kind: 'waiting',
    pollAfterSeconds: computePollInterval(ageSeconds, POLL_SECONDS),
    // fal counts from 0: the requests before this one.
    ...(status === 'IN_QUEUE' && { queuePosition: queue_position === undefined ? 0 : queue_position + 1 }),
    ...(status === 'IN_PROGRESS' && progress !== undefined && { progress }),
    outputs: [],
  }
}

/** Returns the progress of a progress bar in a log, as `45%|████▌     | 9/20`; undefined where there is none. */
function findProgress(message: string | undefined): number | undefined {
  const percent = [...(message ?? '').slice(-1_000).matchAll(/(\d{1,3})%\|/g)].at(-1)?.[1]
  return percent === undefined ? undefined : Math.min(1, Number(percent) / 100)
}

/**
 * Fetches the result of a completed request.
 *
 * @returns the error of a request that failed; undefined where fal has removed it
 * @throws ProviderError when the fetch itself fails
 */
async function requestResult(
  client: HttpClient,
  { response: url }: RequestHandle,
  { status, signal }: { status: QueueStatus; signal: AbortSignal },
): Promise<{ result: ModelResult; units: number | undefined } | ProviderError | undefined> {
  let failed: ClassifiedRefusal | undefined
  const classify = (refusal: Refusal) => {
    failed = [401, 403, 404, 429].includes(refusal.status)
      ? undefined
      : classifyFailedRequest(refusal.status, refusal.body, status.error_type)
    return failed ?? classifyFal(refusal)
  }
  const sent = await sendQueueRequest({ ...client, classify }, { method: 'GET', url, signal }).catch(error => {
    if (error instanceof ProviderError && failed) return error
    return toUndefinedIfUnknown(error)
  })
  if (sent === undefined || sent instanceof ProviderError) return sent
  const { data } = ModelResult.safeParse(await readJson(sent.response, sent.request, MAX_RESULT_BYTES))
  if (data) return { result: data, units: readBilledUnits(sent.response.headers) }
  if (status.error) return toFailure(status)
  throw createMisbehavedError('retryable')
}

/** Returns the error of a request whose status says that it failed, where its result does not. */
function toFailure({ error, error_type }: QueueStatus): ProviderError {
  const { code, ...options } = classifyFailedRequest(500, { detail: error }, error_type) ?? {
    code: 'provider_failed' as const,
    message: withQuote('The provider could not make it.', error),
  }
  return new ProviderError(code, options)
}
