import { type CancelResult, type CheckOptions, type CheckResult, ProviderError, type Receipt } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { computePollInterval } from '../poll-interval.ts'
import { OUTPUT_SECONDS } from './model-specs.ts'
import { toTaskFailure } from './task-failure.ts'
import { parseHandle } from './task-handle.ts'
import { VERSION_HEADERS } from './version.ts'
import { Task } from './wire.ts'

/** "Consumers should not expect updates more frequent than once every five seconds for a given task" [S]. */
export const MIN_POLL_SECONDS = 5
const MAX_POLL_SECONDS = 15
const MAX_TASK_BYTES = 1_000_000
const MICROS_PER_CREDIT = 10_000

export interface TaskOptions extends CheckOptions {
  minPollSeconds: number
}

/** Polls a task. One that Runway no longer has is `gone`: it had given its id. @see GET /tasks/{id} [S] */
export async function checkTask(
  client: HttpClient,
  handle: string,
  signal: AbortSignal,
  { onReceipt, ageSeconds = 0, minPollSeconds }: TaskOptions,
): Promise<CheckResult> {
  const { id, index } = parseHandle(handle)
  const task = await getTask(client, id, signal)
  if (task === undefined) return { kind: 'gone' }
  const limits = { min: minPollSeconds, max: Math.max(minPollSeconds, MAX_POLL_SECONDS) }
  const result = toCheckResult(task, index, computePollInterval(ageSeconds, limits))
  if (result.kind !== 'waiting') onReceipt?.(toReceipt(task))
  return result
}

/**
 * Cancels a task that has not ended. One that has is left alone: the same request would delete it, with what was made.
 *
 * @see DELETE /tasks/{id} [S]
 */
export async function cancelTask(client: HttpClient, handle: string, signal: AbortSignal): Promise<CancelResult> {
  const { id } = parseHandle(handle)
  const task = await getTask(client, id, signal)
  if (task === undefined) return { kind: 'too-late', billed: null }
  if (isEnded(task)) return toEndedCancel(task)
  await deleteTask(client, id, signal)
  const after = await getTask(client, id, signal).catch(toUndefinedIfProvider)
  // Whether it can still be fetched once it is cancelled is [U].
  if (after === undefined || !isEnded(after)) return { kind: 'cancelled', billed: null }
  return toEndedCancel(after)
}

function toEndedCancel({ status, cost }: Task): CancelResult {
  const billed = cost === undefined ? null : cost.credits > 0
  return { kind: status === 'CANCELLED' ? 'cancelled' : 'too-late', billed }
}

const ENDED = ['SUCCEEDED', 'FAILED', 'CANCELLED']

function isEnded({ status }: Task): boolean {
  return ENDED.includes(status)
}

/** @returns undefined where Runway has no such task */
async function getTask(client: HttpClient, id: string, signal: AbortSignal): Promise<Task | undefined> {
  const request = createTaskRequest('GET', id, signal)
  const response = await sendRequest(client, request).catch(toUndefinedIfUnknown)
  if (response === undefined) return undefined
  const { data } = Task.safeParse(await readJson(response, request, MAX_TASK_BYTES))
  if (!data) throw createMisbehavedError('retryable')
  return data
}

async function deleteTask(client: HttpClient, id: string, signal: AbortSignal): Promise<void> {
  const response = await sendRequest(client, createTaskRequest('DELETE', id, signal)).catch(toUndefinedIfUnknown)
  await response?.body?.cancel()
}

function createTaskRequest(method: 'GET' | 'DELETE', id: string, signal: AbortSignal): HttpRequest {
  return { method, path: `/tasks/${id}`, headers: VERSION_HEADERS, signal, failureIfUnanswered: 'retryable' }
}

function toUndefinedIfUnknown(error: unknown): undefined {
  if (error instanceof ProviderError && error.code === 'request_unknown') return undefined
  throw error
}

function toUndefinedIfProvider(error: unknown): undefined {
  if (error instanceof ProviderError) return undefined
  throw error
}

function toReceipt({ cost }: Task): Receipt {
  return cost === undefined ? {} : { cost: { micros: Math.round(cost.credits * MICROS_PER_CREDIT), currency: 'USD' } }
}

/** Maps the state of a task. A status that is not known yet is taken for one on the way: the call has a time limit. */
function toCheckResult(task: Task, index: number, pollAfterSeconds: number): CheckResult {
  switch (task.status) {
    case 'SUCCEEDED':
      return toFinished(task, index)
    case 'FAILED':
      return { kind: 'failed', error: toTaskFailure(task) }
    case 'CANCELLED':
      return { kind: 'failed', error: new ProviderError('cancelled_by_provider') }
    case 'PENDING':
    case 'THROTTLED':
      // Runway does not say how many tasks are before it.
      return { kind: 'waiting', pollAfterSeconds, queuePosition: 0, outputs: [] }
    default: {
      const progress = task.progress === undefined ? {} : { progress: Math.min(1, Math.max(0, task.progress)) }
      return { kind: 'waiting', pollAfterSeconds, ...progress, outputs: [] }
    }
  }
}

/** Returns the output that was requested: it is one a call, and whatever there is beside it is left alone. */
function toFinished({ output }: Task, index: number): CheckResult {
  const [url] = output ?? []
  if (url === undefined) return { kind: 'failed', error: new ProviderError('no_outputs') }
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw createMisbehavedError('retryable')
  const expiresAt = new Date(Date.now() + OUTPUT_SECONDS * 1_000)
  return { kind: 'finished', outputs: [{ index, kind: 'url', url, expiresAt }] }
}
