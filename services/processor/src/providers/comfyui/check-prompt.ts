import { type CancelResult, type CheckResult, ProviderError, type ProviderOutput } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { sendRequest } from '../http/send-request.ts'
import { computePollInterval } from '../poll-interval.ts'
import { findJob, toUndefinedIfAbsent } from './find-job.ts'
import { createFileOutput, getFilePath, toOutputs } from './output-files.ts'
import type { PromptServer } from './prompt-server.ts'

/** The prompts before it take longer. */
const PENDING_SECONDS = { min: 2, max: 2 }
const NEXT_SECONDS = { min: 0.2, max: 2 }
const RUNNING_SECONDS = { min: 0.2, max: 1 }
/** Types of the files that nodes write. */
const EXTENSIONS = ['png', 'webp', 'jpg'] as const

/**
 * Asks a server for a prompt.
 *
 * A server that was started again has forgotten its queue and its history, and still has the files of what it has made: these are looked
 * for by the prompt's id. Only where one is missing may the prompt be made again: the server had ended before the last of them was written.
 *
 * @throws ProviderError when the request fails
 */
export async function checkPrompt(
  server: PromptServer,
  id: string,
  { indices, ageSeconds, signal }: { indices: readonly number[]; ageSeconds: number; signal: AbortSignal },
): Promise<CheckResult> {
  const { client } = server
  const job = await findJob(server, id, signal)
  if (job.state === 'pending') {
    const queuePosition = job.position ?? 0
    const pollAfterSeconds = computePollInterval(ageSeconds, queuePosition > 1 ? PENDING_SECONDS : NEXT_SECONDS)
    return { kind: 'waiting', pollAfterSeconds, queuePosition, outputs: [] }
  }
  if (job.state === 'running')
    return { kind: 'waiting', pollAfterSeconds: computePollInterval(ageSeconds, RUNNING_SECONDS), outputs: [] }
  if (job.state === 'failed') return { kind: 'failed', error: job.error }
  if (job.state === 'completed') return { kind: 'finished', outputs: toOutputs(client.baseUrl, indices, job.files) }
  const outputs = await findWrittenFiles(client, id, indices, signal)
  return outputs.length > 0
    ? { kind: 'finished', outputs }
    : { kind: 'failed', error: new ProviderError('request_forgotten') }
}

/** Asks a server to stop a prompt, and no other. @throws ProviderError */
export async function cancelPrompt(server: PromptServer, id: string, signal: AbortSignal): Promise<CancelResult> {
  const { client } = server
  const job = await findJob(server, id, signal)
  if (job.state === 'completed' || job.state === 'failed') return { kind: 'too-late', billed: false }
  if (job.state === 'unknown') return { kind: 'cancelled', billed: false }
  const isTaken = await post(client, `/api/jobs/${id}/cancel`, {}, signal).then(() => true, toUndefinedIfAbsent)
  if (isTaken) return { kind: 'cancelled', billed: false }
  if (job.state === 'pending') await post(client, '/queue', { delete: [id] }, signal)
  // A server of an older version stops whatever runs, so it is asked only while this prompt does.
  const isRunning = job.state === 'running' || (await findJob(server, id, signal)).state === 'running'
  if (isRunning) await post(client, '/interrupt', { prompt_id: id }, signal)
  return { kind: 'cancelled', billed: false }
}

/** Returns whether a server has a prompt, or what it has made: one of which nothing is there was never taken. @throws ProviderError */
export async function isKnown(server: PromptServer, id: string, signal: AbortSignal): Promise<boolean> {
  const job = await findJob(server, id, signal)
  return job.state !== 'unknown' || (await findWrittenFiles(server.client, id, [0], signal)).length > 0
}

/** Returns the outputs of a prompt whose files are all there; none where one is missing. */
async function findWrittenFiles(
  client: HttpClient,
  id: string,
  indices: readonly number[],
  signal: AbortSignal,
): Promise<ProviderOutput[]> {
  for (const extension of EXTENSIONS) {
    const outputs: ProviderOutput[] = []
    for (const [position, index] of indices.entries()) {
      const path = getFilePath(id, position + 1, extension)
      if (!(await isThere(client, path, signal))) break
      outputs.push(createFileOutput(client.baseUrl, index, path))
    }
    if (outputs.length === indices.length) return outputs
  }
  return []
}

async function isThere(client: HttpClient, path: string, signal: AbortSignal): Promise<boolean> {
  const request: HttpRequest = { method: 'GET', path, signal, failureIfUnanswered: 'retryable' }
  const response = await sendRequest(client, request).catch(toUndefinedIfAbsent)
  await response?.body?.cancel()
  return response !== undefined
}

async function post(client: HttpClient, path: string, body: unknown, signal: AbortSignal): Promise<void> {
  const response = await sendRequest(client, { method: 'POST', path, body, signal, failureIfUnanswered: 'retryable' })
  await response.body?.cancel()
}
