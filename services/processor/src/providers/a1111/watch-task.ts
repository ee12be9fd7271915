import { sleep } from '@darkroom/infra/runtime/timers'
import { type CallOptions, ProviderError } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { GlobalProgress, Progress } from './wire.ts'

interface WatchedTask extends Pick<CallOptions, 'onProgress' | 'onPreview'> {
  taskId: string
  indices: readonly number[]
  /** Time between two looks, in ms. */
  intervalMs: number
}

/** The state of a task that runs. */
interface TaskState {
  /** From 0 to 1. */
  progress: number
  preview?: Uint8Array
  previewId?: number
}

const MAX_BYTES = 30_000_000
/** Looks that may fail in a row until the server is let alone. */
const MAX_FAILURES = 5
const DEADLINE_MS = 10_000

/**
 * Follows a task of ours until the signal is aborted, and reports its progress and its previews. What runs for someone else is not
 * reported. Never throws.
 */
export async function watchTask(client: HttpClient, task: WatchedTask, signal: AbortSignal): Promise<void> {
  let previewId = -1
  for (let failures = 0; failures < MAX_FAILURES && !signal.aborted; ) {
    await sleep(task.intervalMs, signal)
    if (signal.aborted) return
    try {
      const state = await readState(client, task.taskId, previewId, signal)
      previewId = state?.previewId ?? previewId
      if (state && !signal.aborted) report(task, state)
      failures = 0
    } catch {
      failures += 1
    }
  }
}

function report({ indices, onProgress, onPreview }: WatchedTask, { progress, preview }: TaskState): void {
  onProgress?.(progress)
  // The images of a task are made one after the other.
  const index = indices[Math.min(indices.length - 1, Math.floor(progress * indices.length))]
  if (preview && index !== undefined) onPreview?.(index, preview)
}

/** Returns the state of a task; undefined while it waits. A server without its page lacks the route of a single task. */
async function readState(
  client: HttpClient,
  taskId: string,
  previewId: number,
  signal: AbortSignal,
): Promise<TaskState | undefined> {
  try {
    return await readTask(client, { id_task: taskId, id_live_preview: previewId, live_preview: true }, signal)
  } catch (error) {
    const isAbsent = error instanceof ProviderError && /^(request_unknown|provider_refused)$/.test(error.code)
    if (!isAbsent) throw error
    return await readGlobal(client, taskId, signal)
  }
}

async function readTask(client: HttpClient, body: unknown, signal: AbortSignal): Promise<TaskState | undefined> {
  const data = Progress.parse(await call(client, { method: 'POST', path: '/internal/progress', body }, signal))
  if (!data.active) return undefined
  return {
    progress: toFraction(data.progress),
    ...toPreview(data.live_preview),
    ...(typeof data.id_live_preview === 'number' && { previewId: data.id_live_preview }),
  }
}

/** Reads the progress of whatever runs, if the server says that it is our task. */
async function readGlobal(client: HttpClient, taskId: string, signal: AbortSignal): Promise<TaskState | undefined> {
  const path = '/sdapi/v1/progress?skip_current_image=false'
  const data = GlobalProgress.parse(await call(client, { method: 'GET', path }, signal))
  if (data.current_task !== taskId) return undefined
  return { progress: toFraction(data.progress), ...toPreview(data.current_image) }
}

/** Asks the server to stop a task of ours, if it is the one that runs: the route stops whatever runs, also for someone else. */
export async function interruptTask(client: HttpClient, taskId: string, signal: AbortSignal): Promise<void> {
  if ((await readState(client, taskId, -1, signal)) === undefined) return
  await call(client, { method: 'POST', path: '/sdapi/v1/interrupt', body: {} }, signal)
}

async function call(
  client: HttpClient,
  request: Pick<HttpRequest, 'method' | 'path' | 'body'>,
  signal: AbortSignal,
): Promise<unknown> {
  const options = { ...request, signal, failureIfUnanswered: 'retryable', deadlineMs: DEADLINE_MS } as const
  return await readJson(await sendRequest(client, options), options, MAX_BYTES)
}

function toFraction(progress: number): number {
  return Math.min(1, Math.max(0, progress))
}

function toPreview(text: string | null | undefined): { preview?: Uint8Array } {
  const bytes = text ? Buffer.from(text.slice(text.indexOf(',') + 1), 'base64') : undefined
  return bytes?.byteLength ? { preview: Uint8Array.from(bytes) } : {}
}
