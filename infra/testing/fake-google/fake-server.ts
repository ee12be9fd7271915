import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import { type PolledWireFake, startWireServer, type WireExchange } from '../provider-fakes/wire-server.ts'
import { createNotFound, REFUSALS } from './errors.ts'
import { createFakeState, type FakeState } from './fake-state.ts'
import { generateContent } from './generate-content.ts'
import { cancelInteraction, checkInteraction, createInteraction } from './interactions.ts'
import { checkOperation, downloadVideo, predictLongRunning } from './videos.ts'

/** The running fake of Google's Gemini API. */
export interface FakeGoogle extends PolledWireFake {
  /** Sets the models that do not run in the background. A POST that is refused for it takes nothing; if it is `all`, it is not counted. */
  refuseBackground(models: readonly string[] | 'all'): void
  /** Sets the entries of `GET /models`. */
  setModels(models: readonly unknown[]): void
}

/** Faults of its own. */
const FAULTS = [
  'expired',
  'cancel-refused',
  'finished-at-once',
  'failed',
  'no-image',
  'output-prohibited',
  'other-model',
  'elsewhere',
  'field-refused',
]
const MAX_PAGE = 1_000

/** Starts the fake of the Gemini API, which takes what it is documented to take, makes real images, and writes a hidden invoice. */
export async function startFakeGoogle(options: { port?: number; background?: boolean } = {}): Promise<FakeGoogle> {
  const state = createFakeState()
  if (options.background === false) state.refusing = 'all'
  const key = `AIzaCanary${crypto.randomUUID().replaceAll('-', '')}`
  const fake = await startWireServer(
    {
      prefix: '/v1beta',
      key,
      faults: FAULTS,
      isAuthorized: headers => headers['x-goog-api-key'] === key,
      isSubmission: ({ method, path }) => method === 'POST' && isSubmission(state, path),
      refusals: REFUSALS,
      answer: exchange => answer(state, exchange),
    },
    options,
  )
  return {
    ...fake,
    refuseBackground: models => {
      state.refusing = models === 'all' ? models : new Set(models)
    },
    setModels: models => {
      state.models = models
    },
  }
}

function isSubmission({ refusing }: FakeState, path: string): boolean {
  if (path === '/v1beta/interactions') return refusing !== 'all'
  return /:(?:generateContent|predictLongRunning)$/.test(path)
}

async function answer(state: FakeState, exchange: WireExchange): Promise<WireAnswer> {
  // It is a refusal, of which only the length is changed as it is sent: nothing is taken.
  if (exchange.fault === 'huge-error') return { status: 400, body: {} }
  for (const [pattern, route] of ROUTES) {
    const [match, name = ''] = pattern.exec(`${exchange.method} ${exchange.path}`) ?? []
    if (match !== undefined) return await route(state, exchange, name)
  }
  return createNotFound(exchange.path)
}

type Route = (state: FakeState, exchange: WireExchange, name: string) => Promise<WireAnswer> | WireAnswer

const ROUTES: readonly (readonly [RegExp, Route])[] = [
  [/^GET \/v1beta\/models$/, listModels],
  [/^POST \/v1beta\/interactions$/, createInteraction],
  [/^GET \/v1beta\/interactions\/([\w.=-]+)$/, checkInteraction],
  [/^POST \/v1beta\/interactions\/([\w.=-]+)\/cancel$/, cancelInteraction],
  [/^POST \/v1beta\/models\/([\w.-]+):generateContent$/, generateContent],
  [/^POST \/v1beta\/models\/([\w.-]+):predictLongRunning$/, predictLongRunning],
  [/^GET \/v1beta\/(models\/[\w.-]+\/operations\/\w+)$/, checkOperation],
  [/^GET \/v1beta\/files\/(\w+):download$/, (state, _, id) => downloadVideo(state, id, VIDEO_MODELS)],
]
const VIDEO_MODELS = ['veo-3.1-generate-preview', 'veo-3.1-fast-generate-preview', 'veo-3.1-lite-generate-preview']

/** Lists models: 50 a page unless another number is wanted, at most 1,000. [D] https://ai.google.dev/api/models */
function listModels({ models }: FakeState, { query }: WireExchange): WireAnswer {
  const size = Math.min(MAX_PAGE, Number(query.get('pageSize') ?? 50))
  const start = Number(query.get('pageToken') ?? 0)
  const isMore = start + size < models.length
  return {
    status: 200,
    body: { models: models.slice(start, start + size), ...(isMore && { nextPageToken: String(start + size) }) },
  }
}
