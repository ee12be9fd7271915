import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import type { WireJob, WireJobs } from '../provider-fakes/wire-jobs.ts'
import type { WireExchange } from '../provider-fakes/wire-server.ts'
import { ENDPOINTS, type FakeEndpoint } from './endpoints.ts'
import { type FakeFile, type FakeWork, makeFile, planWork } from './make-result.ts'
import { type FakeModelError, validateInput } from './validate-input.ts'

/** A request in the queue. */
export interface FakeRequest {
  endpoint: FakeEndpoint
  work: FakeWork
  /** Errors by which the model refuses it. */
  errors: FakeModelError[]
  /** Type of the platform's error by which it fails. */
  errorType: string | null
  /** Fault of its result. */
  fault: string | null
}

export interface QueueState {
  jobs: WireJobs<FakeRequest>
  files: Map<string, FakeFile>
  /** Ids of requests that are not on the invoice, because they were taken out of the queue. */
  refunded: Set<string>
  /** Requests before each one in the queue; null: a runner begins with each at once. */
  position: number | null
  /** Last line of the logs of a request that runs. */
  log: string
}

/** Puts a request into the queue, whatever its input is: the model refuses what it does not take. [D] errors.md */
export function submitRequest(state: QueueState, exchange: WireExchange): WireAnswer {
  const path = exchange.path.slice(1)
  const endpoint = Object.hasOwn(ENDPOINTS, path) ? ENDPOINTS[path] : undefined
  if (!endpoint) return { status: 404, body: { detail: `Application "${path}" not found` } }
  const input = parseInput(exchange.body)
  if (!input) return { status: 400, body: { detail: 'Malformed request', error_type: 'bad_request' } }
  const id = crypto.randomUUID()
  const request = createRequest(endpoint, input, exchange.fault)
  state.jobs.start(id, request, exchange.polls)
  // A refusal that is too long to be read is one all the same.
  const isRefused = request.errors.length > 0 || request.errorType !== null || exchange.fault === 'huge-error'
  if (!isRefused) exchange.bill(toBill(endpoint, request.work), id)
  if (exchange.fault === 'wrong-shape') return { status: 200, body: { queued: true } }
  return { status: 200, body: { status: 'IN_QUEUE', ...createUrls(exchange, path, id), queue_position: 0 } }
}

function createRequest(endpoint: FakeEndpoint, input: Record<string, unknown>, fault: string | null): FakeRequest {
  const work = planWork(endpoint, input)
  const errors = [...(fault === null ? [] : (FAULT_ERRORS[fault] ?? [])), ...validateInput(endpoint, input)]
  const errorType =
    fault === 'runner-gone' ? 'runner_disconnected' : fault === 'runner-failed' ? 'runner_server_error' : null
  return { endpoint, work, errors, errorType, fault }
}

const FAULT_ERRORS: Readonly<Record<string, FakeModelError[]>> = {
  'content-refused': [
    {
      loc: ['body', 'prompt'],
      msg: 'The content could not be processed because it contained material flagged by a content checker.',
      type: 'content_policy_violation',
    },
  ],
  'setting-refused': [{ loc: ['body', 'safety_tolerance'], msg: 'Input should be 1 to 5', type: 'literal_error' }],
}

function parseInput(body: Buffer): Record<string, unknown> | undefined {
  try {
    const input: unknown = JSON.parse(body.toString())
    return typeof input === 'object' && input !== null && !Array.isArray(input) ? { ...input } : undefined
  } catch {
    return undefined
  }
}

function toBill({ unitPrice }: FakeEndpoint, { units }: FakeWork): number {
  return Math.ceil(Number((unitPrice * units * 1_000_000).toPrecision(15)))
}

/** Creates the URLs of a request: they have the owner and the app, and not the path behind them. [D] fal.ai/docs/api-reference/inference-api */
function createUrls({ headers }: WireExchange, path: string, id: string) {
  const app = path.split('/').slice(0, 2).join('/')
  const url = `http://${headers.host}/${app}/requests/${id}`
  return { request_id: id, response_url: url, status_url: `${url}/status`, cancel_url: `${url}/cancel` }
}

/** Answers what is asked about a request. */
export async function answerAboutRequest(
  state: QueueState,
  exchange: WireExchange,
  { id, action }: { id: string; action: string },
): Promise<WireAnswer> {
  if (action === '/cancel' && exchange.method === 'PUT') return cancel(state, id)
  if (exchange.method !== 'GET') return { status: 405, body: { detail: 'Method Not Allowed' } }
  if (action === '/status') return getStatus(state, exchange, id)
  const job = state.jobs.find(id)
  if (!job) return NOT_FOUND
  if (job.state !== 'finished' && job.state !== 'cancelled')
    return { status: 400, body: { detail: 'Request is still in progress' } }
  return await getResult(state, exchange, job)
}

const NOT_FOUND: WireAnswer = { status: 404, body: { detail: 'Request not found' } }

function getStatus(state: QueueState, { path, query, headers }: WireExchange, id: string): WireAnswer {
  const isQueued = state.position !== null && state.jobs.find(id)?.state === 'queued'
  const job = isQueued ? state.jobs.find(id) : state.jobs.poll(id)
  if (!job) return NOT_FOUND
  const url = `http://${headers.host}${path.replace('/status', '')}`
  const body = { request_id: id, response_url: url, status_url: `${url}/status`, cancel_url: `${url}/cancel` }
  if (isQueued) return { status: 202, body: { ...body, status: 'IN_QUEUE', queue_position: state.position } }
  const logs = query.get('logs') === '1' ? [{ message: state.log, level: 'INFO', source: 'USER', timestamp: '' }] : null
  if (job.state === 'running') return { status: 202, body: { ...body, status: 'IN_PROGRESS', logs } }
  const failure = findFailure(job)
  return { status: 200, body: { ...body, status: 'COMPLETED', logs, metrics: { inference_time: 1.5 }, ...failure } }
}

function findFailure({ state, content }: WireJob<FakeRequest>): { error?: string; error_type?: string } {
  if (state === 'cancelled') return { error: 'Request was cancelled', error_type: 'client_cancelled' }
  if (content.errorType !== null) return { error: 'The runner failed', error_type: content.errorType }
  return content.errors.length > 0 ? { error: 'Unprocessable Entity' } : {}
}

async function getResult(state: QueueState, { headers }: WireExchange, job: WireJob<FakeRequest>): Promise<WireAnswer> {
  const { endpoint, work, errors, errorType, fault } = job.content
  if (job.state === 'cancelled') return fail(499, 'client_cancelled')
  if (errorType !== null) return fail(errorType === 'runner_disconnected' ? 503 : 500, errorType)
  if (errors.length > 0) return { status: 422, body: { detail: errors } }
  const path = `/files/${job.id}.${endpoint.kind === 'image' ? 'png' : 'mp4'}`
  if (!state.files.has(path)) state.files.set(path, await makeFile(endpoint, work))
  const url = `http://${headers.host}${path}`
  return {
    status: 200,
    headers: { 'x-fal-billable-units': String(work.units), 'x-fal-request-id': job.id },
    body: endpoint.kind === 'video' ? { video: { url, content_type: 'video/mp4' } } : toImages(url, work, fault),
  }
}

function fail(status: number, errorType: string): WireAnswer {
  return {
    status,
    body: { detail: 'The request failed', error_type: errorType },
    headers: { 'x-fal-error-type': errorType },
  }
}

/** Returns a result with images. [S] FluxDevOutput and others: images, seed, has_nsfw_concepts. */
function toImages(url: string, { width, height, seed }: FakeWork, fault: string | null) {
  const one = { url, width, height, content_type: 'image/png' }
  const isDouble = fault === 'duplicate-answer' || fault === 'wrong-count'
  const images = fault === 'empty-answer' ? [] : isDouble ? [one, one] : [one]
  return { images, seed, prompt: '', has_nsfw_concepts: images.map(() => fault === 'output-refused') }
}

/** Cancels a request. [D] 202 CANCELLATION_REQUESTED, 400 ALREADY_COMPLETED, 404 NOT_FOUND. */
function cancel(state: QueueState, id: string): WireAnswer {
  const job = state.jobs.find(id)
  if (!job) return { status: 404, body: { status: 'NOT_FOUND' } }
  if (job.state === 'finished' || job.state === 'cancelled')
    return { status: 400, body: { status: 'ALREADY_COMPLETED' } }
  if (job.state === 'queued') state.refunded.add(id)
  state.jobs.cancel(id)
  return { status: 202, body: { status: 'CANCELLATION_REQUESTED' } }
}
