import { z } from 'zod'
import {
  type CancelResult,
  type CheckOptions,
  type CheckResult,
  ProviderError,
  type ProviderOutput,
} from '../adapter.ts'
import { readBase64Json } from '../http/base64-json.ts'
import { getSecrets, type HttpClient, type HttpRequest, redact } from '../http/http-client.ts'
import { withQuote } from '../http/quote-provider.ts'
import { readChunks } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { detectImageType } from '../openai/image-type.ts'
import { computePollInterval } from '../poll-interval.ts'
import { classifyJob } from './classify.ts'

/** A handle is the id of a job. The path of a poll is made of it, and of nothing else that the server has said. */
const JOB_ID = /^[A-Za-z0-9_-]{1,200}$/
/** Number of a file, where a base64 text was: see `readBase64Json`. */
const file = z.int().min(0)
const text = z.string().catch('')
const Job = z.looseObject({
  id: z.string(),
  status: z.enum(['queued', 'generating', 'completed', 'failed', 'cancelled']),
  queue_position: z.int().min(0).catch(0),
  result: z
    .looseObject({
      images: z.array(z.looseObject({ b64_json: file })).optional(),
      b64_json: file.optional(),
      mime_type: text,
      fps: z.number().positive().optional().catch(undefined),
      frame_count: z.number().positive().optional().catch(undefined),
    })
    .nullish()
    .catch(undefined),
  error: z.looseObject({ code: text, message: text }).nullish().catch(undefined),
})
type Job = z.infer<typeof Job>

const MAX_FILE_BYTES = 128_000_000
const MAX_ANSWER_BYTES = 180_000_000
/** Those before it take longer, and a wait of a second holds no slot. */
const QUEUED_SECONDS = { min: 1, max: 2 }
const RUNNING_SECONDS = { min: 0.3, max: 2 }

/** Returns whether a text is the id of a job. */
export function isJobId(id: string): boolean {
  return JOB_ID.test(id)
}

/**
 * Asks the server for a job. One that it does not know was lost when it was started again, with whatever it had made: its jobs are in its
 * memory. It may be made anew, because it is free.
 *
 * @throws ProviderError when the request fails
 */
export async function checkJob(
  client: HttpClient,
  id: string,
  signal: AbortSignal,
  { indices = [0], ageSeconds = 0 }: CheckOptions,
): Promise<CheckResult> {
  if (!isJobId(id)) return { kind: 'never-seen' }
  try {
    const request: HttpRequest = { method: 'GET', path: getPath(id), signal, failureIfUnanswered: 'retryable' }
    const { job, files } = await readJob(client, request)
    return toCheckResult(client, job, { files, indices, ageSeconds })
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    if (error.code === 'request_gone') return { kind: 'gone' }
    if (error.code === 'request_unknown') return { kind: 'failed', error: new ProviderError('request_forgotten') }
    throw error
  }
}

/** Asks the server to stop a job: one that has begun goes on in today's servers. @throws ProviderError */
export async function cancelJob(client: HttpClient, id: string, signal: AbortSignal): Promise<CancelResult> {
  if (!isJobId(id)) return { kind: 'too-late', billed: false }
  const path = `${getPath(id)}/cancel`
  try {
    const { job } = await readJob(client, { method: 'POST', path, body: {}, signal, failureIfUnanswered: 'retryable' })
    return { kind: job.status === 'cancelled' ? 'cancelled' : 'too-late', billed: false }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    const isStarted = error.code === 'provider_busy' && error.failure === 'permanent'
    if (isStarted || error.code === 'request_gone') return { kind: 'too-late', billed: false }
    // A server that was started again does not work on it any more.
    if (error.code === 'request_unknown') return { kind: 'cancelled', billed: false }
    throw error
  }
}

function getPath(id: string): string {
  return `/sdcpp/v1/jobs/${id}`
}

async function readJob(client: HttpClient, request: HttpRequest): Promise<{ job: Job; files: Uint8Array[] }> {
  const response = await sendRequest({ ...client, classify: classifyJob }, request)
  const { body, files } = await readBase64Json(readChunks(response, request, MAX_ANSWER_BYTES), {
    fields: ['b64_json'],
    maxFileBytes: MAX_FILE_BYTES,
    failure: 'retryable',
  })
  const { data } = Job.safeParse(body)
  if (!data) throw createMisbehavedError('retryable')
  return { job: data, files }
}

interface ResultOptions {
  files: readonly Uint8Array[]
  indices: readonly number[]
  ageSeconds: number
}

function toCheckResult(client: HttpClient, job: Job, { files, indices, ageSeconds }: ResultOptions): CheckResult {
  if (job.status === 'queued') {
    const pollAfterSeconds = computePollInterval(ageSeconds, QUEUED_SECONDS)
    return { kind: 'waiting', pollAfterSeconds, queuePosition: job.queue_position, outputs: [] }
  }
  if (job.status === 'generating')
    return { kind: 'waiting', pollAfterSeconds: computePollInterval(ageSeconds, RUNNING_SECONDS), outputs: [] }
  if (job.status === 'cancelled') return { kind: 'failed', error: new ProviderError('cancelled_by_provider') }
  if (job.status === 'failed') return { kind: 'failed', error: createFailure(client, job.error?.message) }
  const outputs = toOutputs(job, files, indices)
  return outputs.length > 0 ? { kind: 'finished', outputs } : { kind: 'failed', error: new ProviderError('no_outputs') }
}

function createFailure(client: HttpClient, message: string | undefined): ProviderError {
  const sentence = withQuote('The server could not make it. Its log says more.', message)
  return new ProviderError('provider_failed', { message: redact(sentence, getSecrets(client)) })
}

/** Returns the outputs of a finished job. More than were requested are left out. */
function toOutputs({ result }: Job, files: readonly Uint8Array[], indices: readonly number[]): ProviderOutput[] {
  if (result?.b64_json !== undefined) return toVideo(result, files[result.b64_json], indices[0])
  return indices.flatMap((index, position): ProviderOutput[] => {
    const bytes = files[result?.images?.[position]?.b64_json ?? -1]
    if (!bytes) return []
    const mimeType = detectImageType(bytes)
    if (mimeType === undefined) throw createMisbehavedError('retryable')
    return [{ index, kind: 'bytes', bytes, mimeType }]
  })
}

function toVideo(
  { mime_type, fps, frame_count }: NonNullable<Job['result']>,
  bytes: Uint8Array | undefined,
  index: number | undefined,
): ProviderOutput[] {
  if (!bytes?.byteLength || index === undefined) return []
  if (!mime_type.startsWith('video/')) throw createMisbehavedError('retryable')
  const duration = fps && frame_count ? { duration: frame_count / fps } : {}
  return [{ index, kind: 'bytes', bytes, mimeType: mime_type, ...duration }]
}
