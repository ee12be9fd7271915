import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import { createWireJobs, type WireJobs } from '../provider-fakes/wire-jobs.ts'
import { type PolledWireFake, startWireServer, type WireExchange } from '../provider-fakes/wire-server.ts'
import { createCapabilities, type FakeSdCppModel, IMAGE_MODEL } from './capabilities.ts'
import { type JobContent, readJobRequest } from './job-request.ts'
import { cancelJob, createJobAnswer } from './jobs.ts'

export interface FakeSdCpp extends PolledWireFake {
  /** Loads another model, as a server does that is started again. */
  load(model: Partial<FakeSdCppModel>): void
  /** Removes the jobs: `expired` as after ten minutes, `restart` as a server that has forgotten them. */
  forget(reason: 'expired' | 'restart'): void
}

interface State {
  model: FakeSdCppModel
  jobs: WireJobs<JobContent>
  expired: Set<string>
  ids: string[]
}

const SUBMISSION = /^\/sdcpp\/v1\/(img_gen|vid_gen)$/
/** [S routes_sdcpp.cpp] */
const JOB = /^\/sdcpp\/v1\/jobs\/([A-Za-z0-9_-]+)(\/cancel)?$/
const NOT_FOUND: WireAnswer = { status: 404, body: { error: 'job not found' } }

/**
 * Starts a fake of the native API of stable-diffusion.cpp, from `examples/server` of leejet/stable-diffusion.cpp@97d29908 [S]. The server
 * itself has no key: a proxy before it has one, and refuses in its own words.
 *
 * @param options.key of the proxy: a token, or `user:password`
 */
export async function startFakeSdCpp(
  options: { key?: string; model?: Partial<FakeSdCppModel>; port?: number } = {},
): Promise<FakeSdCpp> {
  const { key = 'token-of-a-proxy-before-sdcpp', port = 0 } = options
  const authorization = key.includes(':') ? `Basic ${Buffer.from(key).toString('base64')}` : `Bearer ${key}`
  const state: State = {
    model: { ...IMAGE_MODEL, ...options.model },
    jobs: createWireJobs(),
    expired: new Set(),
    ids: [],
  }
  const fake = await startWireServer(
    {
      prefix: '',
      key,
      faults: ['queue-full', 'job-failed'],
      isAuthorized: headers => headers.authorization === authorization,
      isSubmission: ({ method, path }) => method === 'POST' && SUBMISSION.test(path),
      refusals: REFUSALS,
      answer: exchange => answer(state, exchange),
    },
    { port },
  )
  return {
    ...fake,
    load: model => {
      state.model = { ...state.model, ...model }
    },
    forget: reason => {
      if (reason === 'expired') state.expired = new Set(state.ids)
      state.jobs = createWireJobs()
    },
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

/** Refusals of the proxy, and those of the server to a submission that a fault names. */
const REFUSALS: Record<string, (key: string) => WireAnswer> = {
  'rate-limited': () => ({ status: 429, body: { error: 'too many requests' } }),
  'rate-limited-until': () => ({ status: 429, body: { error: 'too many requests' }, headers: { 'retry-after': '7' } }),
  'no-credit': () => ({ status: 402, body: { error: 'no credit is left' } }),
  'wrong-key': () => ({ status: 401, body: { error: 'unauthorized' } }),
  'no-permission': () => ({ status: 403, body: { error: 'forbidden' } }),
  unavailable: () => ({ status: 503, body: { error: 'the server is away' } }),
  'echo-key': key => ({ status: 400, body: { error: 'invalid json', message: `Bearer ${key} makes no sense here` } }),
}

/** Refusals of the server, by fault [S routes_sdcpp.cpp]. It knows no rules for content: what it does not take has one answer. */
const SUBMISSION_REFUSALS: Record<string, WireAnswer> = {
  'content-refused': { status: 400, body: { error: 'invalid generation parameters' } },
  'setting-refused': { status: 400, body: { error: 'invalid generation parameters' } },
  'model-gone': { status: 400, body: { error: 'loaded model does not support img_gen' } },
  'queue-full': { status: 429, body: { error: 'job queue is full' } },
  'wrong-shape': { status: 202, body: { job: 'job_1' } },
}

async function answer(state: State, exchange: WireExchange): Promise<WireAnswer> {
  const { method, path } = exchange
  if (method === 'GET' && path === '/sdcpp/v1/capabilities')
    return { status: 200, body: createCapabilities(state.model) }
  const [, kind] = SUBMISSION.exec(path) ?? []
  if (method === 'POST' && (kind === 'img_gen' || kind === 'vid_gen')) return await submit(state, exchange, kind)
  const [, id, cancel] = JOB.exec(path) ?? []
  if (id === undefined || method !== (cancel ? 'POST' : 'GET')) return { status: 404, body: {} }
  if (state.expired.has(id)) return { status: 410, body: { error: 'job expired' } }
  const job = cancel ? state.jobs.find(id) : state.jobs.poll(id)
  if (!job) return NOT_FOUND
  return cancel ? await cancelJob(state.jobs, job) : await createJobAnswer(job, Math.max(1, job.pollsLeft))
}

async function submit(
  state: State,
  { body, fault, polls }: WireExchange,
  kind: JobContent['kind'],
): Promise<WireAnswer> {
  const refusal = SUBMISSION_REFUSALS[fault ?? '']
  if (refusal) return refusal
  const content = await readJobRequest(body, { kind, model: state.model, fault })
  if (typeof content === 'string') return { status: 400, body: { error: content } }
  // [S async_jobs.cpp, make_async_job_id]
  const id = `job_${content.createdAt.toString(16)}_${String(state.ids.length + 1).padStart(8, '0')}`
  state.ids.push(id)
  state.jobs.start(id, content, polls)
  return {
    status: 202,
    body: { id, kind, status: 'queued', created: content.createdAt, poll_url: `/sdcpp/v1/jobs/${id}` },
  }
}
