import { z } from 'zod'
import { ProviderError } from '../adapter.ts'
import { getSecrets, type HttpClient, type HttpRequest, redact } from '../http/http-client.ts'
import { withQuote } from '../http/quote-provider.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { OutputFiles } from './output-files.ts'
import type { JobRoutes, PromptServer } from './prompt-server.ts'

/** The state of a prompt at its server. `position` counts from 1; it is absent where the server does not tell it. */
export type Job =
  | { state: 'pending'; position?: number }
  | { state: 'running' }
  | { state: 'completed'; files: OutputFiles }
  | { state: 'failed'; error: ProviderError }
  | { state: 'unknown' }

const text = z.string().catch('')
const ExecutionError = z.looseObject({ exception_message: text, exception_type: text, node_type: text })
const JobDetail = z.looseObject({
  id: z.string(),
  status: z.enum(['pending', 'in_progress', 'completed', 'failed', 'cancelled']),
  outputs: OutputFiles.optional().catch(undefined),
  execution_error: ExecutionError.optional().catch(undefined),
  execution_status: z.unknown().optional(),
})
const JobList = z.looseObject({ jobs: z.array(z.looseObject({ id: z.string() })) })
/** An entry of the queue: its number, and the id of the prompt. What follows is the prompt itself. */
const QueueEntry = z.tuple([z.number(), z.string()]).rest(z.unknown())
const Queue = z.looseObject({ queue_running: z.array(QueueEntry), queue_pending: z.array(QueueEntry) })
const Messages = z.array(z.tuple([z.string(), z.unknown()]).rest(z.unknown()))
const Status = z.looseObject({ status_str: text, messages: Messages.catch([]) })
const History = z.record(
  z.string(),
  z.looseObject({ outputs: OutputFiles.catch({}), status: Status.optional().catch(undefined) }),
)

/** The queue has every waiting prompt in it whole. */
const MAX_QUEUE_BYTES = 64_000_000
const MAX_JOB_BYTES = 16_000_000

/** Finds out which routes a server has. @throws ProviderError */
export async function detectJobRoutes(client: HttpClient, signal: AbortSignal): Promise<JobRoutes> {
  const body = await getJson(client, '/api/jobs?limit=1', signal, MAX_QUEUE_BYTES).catch(toUndefinedIfAbsent)
  return JobList.safeParse(body).success ? 'jobs' : 'queue'
}

/**
 * Looks for a prompt by its id. A prompt that seems unknown may be one that is asked for by routes of another version, or a proxy has
 * answered for a server that is being started: the routes are found out again then, and the server is asked once more, because an unknown
 * prompt is made again.
 *
 * @throws ProviderError
 */
export async function findJob(server: PromptServer, id: string, signal: AbortSignal): Promise<Job> {
  const job = await findByRoutes(server, id, signal)
  if (job.state !== 'unknown') return job
  server.routes = await detectJobRoutes(server.client, signal)
  return await findByRoutes(server, id, signal)
}

async function findByRoutes({ client, routes }: PromptServer, id: string, signal: AbortSignal): Promise<Job> {
  return routes === 'jobs' ? await findByJobs(client, id, signal) : await findInQueue(client, id, signal)
}

async function findByJobs(client: HttpClient, id: string, signal: AbortSignal): Promise<Job> {
  const body = await getJson(client, `/api/jobs/${id}`, signal, MAX_JOB_BYTES).catch(toUndefinedIfAbsent)
  if (body === undefined) return { state: 'unknown' }
  const { data } = JobDetail.safeParse(body)
  if (data?.id !== id) throw createMisbehavedError('retryable')
  if (data.status === 'pending') return { state: 'pending', ...(await findPosition(client, id, signal)) }
  if (data.status === 'in_progress') return { state: 'running' }
  if (data.status === 'cancelled') return createCancelled()
  if (data.status === 'completed') return { state: 'completed', files: data.outputs ?? {} }
  return toFailure(client, Status.safeParse(data.execution_status).data, data.execution_error)
}

/** Returns the place of a prompt among those that wait, as they were submitted. */
async function findPosition(client: HttpClient, id: string, signal: AbortSignal): Promise<{ position?: number }> {
  const path = '/api/jobs?status=pending&sort_by=create_time&sort_order=asc&limit=1000'
  const { data } = JobList.safeParse(await getJson(client, path, signal, MAX_QUEUE_BYTES).catch(toUndefinedIfAbsent))
  const index = data?.jobs.findIndex(job => job.id === id) ?? -1
  return index < 0 ? {} : { position: index + 1 }
}

/** Asks for the queue before the history: what leaves the one meanwhile is in the other. */
async function findInQueue(client: HttpClient, id: string, signal: AbortSignal): Promise<Job> {
  const queue = Queue.safeParse(await getAlways(client, '/queue', signal, MAX_QUEUE_BYTES)).data
  if (!queue) throw createMisbehavedError('retryable')
  if (queue.queue_running.some(([, other]) => other === id)) return { state: 'running' }
  const waiting = queue.queue_pending.toSorted(([a], [b]) => a - b).findIndex(([, other]) => other === id)
  if (waiting >= 0) return { state: 'pending', position: waiting + 1 }
  const history = History.safeParse(await getAlways(client, `/history/${id}`, signal, MAX_JOB_BYTES)).data
  if (!history) throw createMisbehavedError('retryable')
  const entry = history[id]
  if (!entry) return { state: 'unknown' }
  return entry.status?.status_str === 'error'
    ? toFailure(client, entry.status)
    : { state: 'completed', files: entry.outputs }
}

function toFailure(
  client: HttpClient,
  status: z.infer<typeof Status> | undefined,
  error: z.infer<typeof ExecutionError> | undefined = findExecutionError(status),
): Job {
  if (status?.messages.some(([name]) => name === 'execution_interrupted')) return createCancelled()
  const where = error?.node_type ? `The node ${error.node_type.slice(0, 100)} failed.` : 'The workflow failed.'
  const message = redact(withQuote(where, error?.exception_message), getSecrets(client))
  return { state: 'failed', error: new ProviderError('provider_failed', { message }) }
}

function findExecutionError(status: z.infer<typeof Status> | undefined) {
  const message = status?.messages.find(([name]) => name === 'execution_error')
  return ExecutionError.safeParse(message?.[1]).data
}

function createCancelled(): Job {
  return { state: 'failed', error: new ProviderError('cancelled_by_provider') }
}

/** Gets what a server of any version has. Where it is absent, something else has answered for the server: a proxy that has lost it. */
async function getAlways(client: HttpClient, path: string, signal: AbortSignal, maxBytes: number): Promise<unknown> {
  const body = await getJson(client, path, signal, maxBytes).catch(toUndefinedIfAbsent)
  if (body === undefined) throw new ProviderError('provider_unreachable', { failure: 'retryable' })
  return body
}

async function getJson(client: HttpClient, path: string, signal: AbortSignal, maxBytes: number): Promise<unknown> {
  const request: HttpRequest = { method: 'GET', path, signal, failureIfUnanswered: 'retryable' }
  return await readJson(await sendRequest(client, request), request, maxBytes)
}

/** @throws every error but that of an answer without a body to read: 404, or 405 */
export function toUndefinedIfAbsent(error: unknown): undefined {
  if (error instanceof ProviderError && error.code === 'request_unknown') return undefined
  throw error
}
