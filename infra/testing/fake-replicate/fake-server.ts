import { z } from 'zod'
import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import { type PolledWireFake, startWireServer, type WireExchange } from '../provider-fakes/wire-server.ts'
import { checkSubmission, createRefusal } from './check-input.ts'
import { FAKE_MODELS, type FakeModel, renderModel } from './model-schemas.ts'
import { createPredictions, type PredictionState } from './predictions.ts'

/** A running fake of Replicate. */
export interface FakeReplicate extends PolledWireFake {
  /** State in which predictions run from now on. */
  state: PredictionState
  abort(id: string): void
  removeData(): void
  /** Replaces the answer of `GET /models/{id}`; undefined removes the model. */
  setModel(id: string, answer: unknown): void
}

const KEY = 'r8_fakeKeyOfReplicate0123456789abcdefgh'
const SUBMISSION = /^\/v1\/(?:models\/[\w.-]+\/[\w.-]+\/)?predictions$/

/** Starts a fake of Replicate: official models and versions, files, predictions that are polled and cancelled. */
export async function startFakeReplicate(options: { port?: number } = {}): Promise<FakeReplicate> {
  const state: PredictionState = { isQueued: false, failure: null, runningModel: null, output: undefined }
  const env: FakeEnv = {
    predictions: createPredictions(state),
    models: new Map(Object.entries(FAKE_MODELS).map(([id, model]) => [id, renderModel(id, model)])),
    files: new Set(),
  }
  const server = await startWireServer(
    {
      prefix: '/v1',
      key: KEY,
      isAuthorized: ({ authorization }) => authorization === `Bearer ${KEY}`,
      isSubmission: ({ method, path }) => method === 'POST' && SUBMISSION.test(path),
      refusals: REFUSALS,
      isPublic: path => path.startsWith('/files/'),
      // Behind a proxy its files are at the address that it was reached by.
      answer: exchange => answer(env, { ...exchange, origin: `http://${exchange.headers.host}` }),
    },
    options,
  )
  const { abort, removeData } = env.predictions
  return { ...server, state, abort, removeData, setModel: (id, body) => void env.models.set(id, body) }
}

interface FakeEnv {
  predictions: ReturnType<typeof createPredictions>
  models: Map<string, unknown>
  /** URLs of the files that were uploaded. */
  files: Set<string>
}

/** 401, 402, 403 and 422 [U]; 429 [D replicate.com/docs/topics/predictions/rate-limits]: its words are all that names the time */
const REFUSALS: Partial<Record<string, (key: string) => WireAnswer>> = {
  'rate-limited': () => createRefusal(429, '', 'Request was throttled.'),
  'rate-limited-until': () => createRefusal(429, '', 'Request was throttled. Your rate limit resets in ~30s.'),
  'no-credit': () =>
    createRefusal(
      402,
      'Insufficient credit',
      'You have insufficient credit to run this model. Go to your billing page.',
    ),
  'wrong-key': () => createRefusal(401, 'Unauthenticated', 'You did not pass a valid authentication token'),
  'no-permission': () => createRefusal(403, 'Forbidden', 'You do not have permission to run this model.'),
  unavailable: () => ({ status: 503, body: {} }),
  'echo-key': key => createRefusal(422, 'Input validation failed', `- input.prompt: Bearer ${key} is not taken`),
  'setting-refused': () =>
    createRefusal(422, 'Input validation failed', '- input.output_quality: Must be less than or equal to 100\n'),
  'reference-refused': () =>
    createRefusal(422, 'Input validation failed', "- input.image: Does not match format 'uri'\n"),
  'model-gone': () => createRefusal(404, 'Not found', 'The requested resource could not be found.'),
}

type Route = (env: FakeEnv, exchange: WireExchange, ...parts: string[]) => Promise<WireAnswer> | WireAnswer

const ROUTES: readonly (readonly [RegExp, Route])[] = [
  [/^GET \/v1\/account$/, () => ({ status: 200, body: { type: 'user', username: 'darkroom', name: 'Darkroom' } })],
  [/^GET \/v1\/models\/([\w.-]+\/[\w.-]+)$/, getModel],
  [/^POST \/v1\/files$/, upload],
  [/^POST \/v1\/models\/([\w.-]+\/[\w.-]+)\/predictions$/, createOfficial],
  [/^POST \/v1\/predictions$/, createOfVersion],
  [/^GET \/v1\/predictions\/(\w+)$/, ({ predictions }, exchange, id = '') => predictions.get(id, exchange)],
  [/^POST \/v1\/predictions\/(\w+)\/cancel$/, ({ predictions }, exchange, id = '') => predictions.cancel(id, exchange)],
  [/^GET \/files\/(\w+)\/([\w.-]+)$/, getFile],
]

async function answer(env: FakeEnv, exchange: WireExchange): Promise<WireAnswer> {
  for (const [pattern, route] of ROUTES) {
    const match = pattern.exec(`${exchange.method} ${exchange.path}`)
    if (match) return await route(env, exchange, ...match.slice(1))
  }
  return REFUSED
}

const REFUSED = createRefusal(404, 'Not found', 'The requested resource could not be found.')

function getModel({ models }: FakeEnv, _: WireExchange, id = ''): WireAnswer {
  const body = models.get(id)
  return body === undefined ? REFUSED : { status: 200, body }
}

/** Takes a file. @see createFile in replicate-javascript lib/files.js [S] */
async function upload({ files }: FakeEnv, { headers, body, origin }: WireExchange): Promise<WireAnswer> {
  const request = new Response(Uint8Array.from(body), { headers: { 'content-type': headers['content-type'] ?? '' } })
  const form = await request.formData().catch(() => undefined)
  const content = form?.get('content')
  if (!(content instanceof Blob) || content.size === 0)
    return createRefusal(400, 'Missing content', 'Missing required parameter: content')
  const id = crypto.randomUUID()
  const url = `${origin}/v1/files/${id}`
  files.add(url)
  return { status: 201, body: { id, content_type: content.type, size: content.size, urls: { get: url } } }
}

const Body = z.looseObject({})

function parseBody({ body }: WireExchange): Record<string, unknown> {
  try {
    return Body.safeParse(JSON.parse(body.toString())).data ?? {}
  } catch {
    return {}
  }
}

async function createOfficial(env: FakeEnv, exchange: WireExchange, id = ''): Promise<WireAnswer> {
  const model = FAKE_MODELS[id]
  return model?.isOfficial ? await create(env, exchange, { id, model, body: parseBody(exchange) }) : REFUSED
}

async function createOfVersion(env: FakeEnv, exchange: WireExchange): Promise<WireAnswer> {
  const body = parseBody(exchange)
  const [id, model] = Object.entries(FAKE_MODELS).find(([, { version }]) => version === body.version) ?? []
  if (id === undefined || !model)
    return createRefusal(422, 'Invalid version or not permitted', 'The specified version does not exist.')
  return await create(env, exchange, { id, model, body })
}

async function create(
  { predictions, files }: FakeEnv,
  exchange: WireExchange,
  { id, model, body }: { id: string; model: FakeModel; body: Record<string, unknown> },
): Promise<WireAnswer> {
  const refused = checkSubmission(model, body, files)
  return refused ?? (await predictions.create(model, id, Body.parse(body.input), exchange))
}

function getFile({ predictions }: FakeEnv, _: WireExchange, id = '', name = ''): WireAnswer {
  const file = predictions.findFile(id, name)
  return file ? { status: 200, body: file.bytes, headers: { 'content-type': file.type } } : REFUSED
}
