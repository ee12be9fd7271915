import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import { createWireJobs, type WireJob } from '../provider-fakes/wire-jobs.ts'
import type { WireExchange } from '../provider-fakes/wire-server.ts'
import { createRefusal } from './check-input.ts'
import type { FakeModel } from './model-schemas.ts'
import { type OutputFile, renderOutput } from './render-output.ts'

/** A prediction of the fake. */
interface Prediction {
  modelId: string
  model: FakeModel
  input: Readonly<Record<string, unknown>>
  fault: string | null
  createdAt: string
  startedAt: string | null
  completedAt: string | null
  files: OutputFile[]
  isRemoved: boolean
}

/** State in which predictions run. Tests set it. */
export interface PredictionState {
  /** Whether predictions wait for a worker: then they have not begun, and are not billed. */
  isQueued: boolean
  /** Text of the error with which predictions fail; null if they succeed. */
  failure: string | null
  /** Model that predictions name as the one that ran; null for the one that was requested. */
  runningModel: string | null
  /** Output of predictions; undefined for the files that they make. */
  output: unknown
}

/** Price of an output in micro-units. */
const PRICE_MICROS = 40_000
/** Faults with which nothing is made: a prediction that fails, and a submission that is refused. */
const UNBILLED = ['content-refused', 'huge-error']
const NSFW = 'NSFW content detected. Try running it again, or try a different prompt.'

/** Creates the predictions of a fake. @see predictions.create, predictions.get, predictions.cancel [S] */
export function createPredictions(state: PredictionState) {
  const jobs = createWireJobs<Prediction>()
  const all: Prediction[] = []
  let aborted: string | null = null
  const begin = ({ id, content }: WireJob<Prediction>, exchange: WireExchange) => {
    if (content.startedAt !== null || state.isQueued) return
    content.startedAt = new Date().toISOString()
    if (!UNBILLED.includes(content.fault ?? '')) exchange.bill(PRICE_MICROS, id)
  }
  const render = (job: WireJob<Prediction>, { origin }: WireExchange): WireAnswer => ({
    status: 200,
    body: renderPrediction(job, { origin, state, isAborted: job.id === aborted }),
  })
  return {
    create: async (model: FakeModel, modelId: string, input: Prediction['input'], exchange: WireExchange) => {
      const { fault } = exchange
      const content: Prediction = {
        ...{ modelId, model, input, fault, createdAt: new Date().toISOString(), startedAt: null, completedAt: null },
        ...{ files: [], isRemoved: false },
      }
      for (let serial = 0; serial < (fault === 'wrong-count' ? 2 : 1); serial += 1)
        content.files.push(await renderOutput(model, input, serial))
      all.push(content)
      const job = jobs.start(createId(), content, exchange.polls)
      begin(job, exchange)
      if (fault === 'wrong-shape') return { status: 201, body: { object: 'list', results: [] } }
      return { ...render(job, exchange), status: 201 }
    },
    get: (id: string, exchange: WireExchange): WireAnswer => {
      const job = jobs.find(id)
      if (!job) return NOT_FOUND
      begin(job, exchange)
      if (job.content.startedAt !== null) jobs.poll(id)
      if (job.state === 'finished') job.content.completedAt ??= new Date().toISOString()
      return render(job, exchange)
    },
    cancel: (id: string, exchange: WireExchange): WireAnswer => {
      const job = jobs.cancel(id)
      return job ? render(job, exchange) : NOT_FOUND
    },
    /** Ends a prediction that has not begun in time. [D replicate.com/changelog/2025-10-16] */
    abort: (id: string) => {
      aborted = id
      jobs.cancel(id)
    },
    /** Removes the data of all predictions, as Replicate does after an hour. [S] predictions.get */
    removeData: () => {
      for (const content of all) {
        content.isRemoved = true
        content.files = []
      }
    },
    findFile: (id: string, name: string) => jobs.find(id)?.content.files.find(file => file.name === name),
  }
}

const NOT_FOUND = createRefusal(404, 'Not found', 'The requested resource could not be found.')

function renderPrediction(
  { id, state: jobState, content }: WireJob<Prediction>,
  { origin, state, isAborted }: { origin: string; state: PredictionState; isAborted: boolean },
): unknown {
  const error = state.failure ?? (content.fault === 'content-refused' ? NSFW : null)
  const isFailed = jobState === 'finished' && error !== null
  const urls = content.files.map(({ name }) => `${origin}/files/${id}/${name}`)
  const made = content.model.isList || content.fault === 'wrong-count' ? urls : urls[0]
  const output = content.fault === 'empty-answer' ? [] : state.output === undefined ? made : state.output
  const isDone = jobState === 'finished' && !isFailed && !content.isRemoved
  return {
    id,
    model: state.runningModel ?? content.modelId,
    // That of an official model is not shown. [U]
    version: content.model.isOfficial ? 'hidden' : content.model.version,
    input: content.isRemoved ? {} : content.input,
    logs: '',
    output: isDone ? output : null,
    data_removed: content.isRemoved,
    error: isFailed ? error : null,
    source: 'api',
    status: isAborted
      ? 'aborted'
      : isFailed
        ? 'failed'
        : content.startedAt === null && jobState === 'queued'
          ? 'starting'
          : STATUSES[jobState],
    created_at: content.createdAt,
    started_at: content.startedAt,
    completed_at: content.completedAt,
    ...(jobState === 'finished' && { metrics: { predict_time: 1.25, image_count: content.files.length } }),
    urls: { get: `${origin}/v1/predictions/${id}`, cancel: `${origin}/v1/predictions/${id}/cancel` },
  }
}

const STATUSES = { queued: 'starting', running: 'processing', finished: 'succeeded', cancelled: 'canceled' } as const

function createId(): string {
  return crypto.randomUUID().replaceAll('-', '').slice(0, 26)
}
