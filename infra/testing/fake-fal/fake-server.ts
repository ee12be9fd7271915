import { createWireJobs } from '../provider-fakes/wire-jobs.ts'
import { type PolledWireFake, startWireServer, type WireProvider } from '../provider-fakes/wire-server.ts'
import { listModels, listPrices, type PlatformState } from './platform.ts'
import { answerAboutRequest, type QueueState, submitRequest } from './queue.ts'

/** The running fake of fal: its queue, and its platform API below `/platform`. */
export interface FakeFal extends PolledWireFake {
  /** Requests before each one in the queue; null: a runner begins with each at once, which is so unless set. */
  setQueuePosition(position: number | null): void
  /** Sets the last line of the logs of a request that runs. */
  setLog(message: string): void
  /** Changes what the platform API lists. */
  setPlatform(change: Partial<PlatformState>): void
  /** Forgets all requests, as fal does after some time. */
  forgetRequests(): void
}

const REQUEST = /^\/[^/]+\/[^/]+\/requests\/([^/]+)(\/status|\/cancel)?$/

/** Texts of 403 [D, third party: wavespeed.ai, fal-ai/fal]; the others are [U]. */
const REFUSALS: WireProvider['refusals'] = {
  'rate-limited': () => ({ status: 429, body: { detail: 'Rate limit exceeded' } }),
  'rate-limited-until': () => ({
    status: 429,
    body: { detail: 'Rate limit exceeded' },
    headers: { 'retry-after': '7' },
  }),
  'no-credit': () => ({
    status: 403,
    body: { detail: 'User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.' },
  }),
  'wrong-key': () => ({ status: 401, body: { detail: 'Cannot access application. Authentication is required.' } }),
  'no-permission': () => ({ status: 403, body: { detail: 'The key has no permission to run models.' } }),
  'too-many': () => ({ status: 429, body: { detail: 'Concurrent requests limit reached' } }),
  unavailable: () => ({ status: 503, body: { detail: 'Service unavailable' } }),
  'echo-key': key => ({
    status: 422,
    body: { detail: [{ loc: ['body', 'prompt'], msg: `Not a prompt of ${key}.`, type: 'value_error' }] },
  }),
  'model-gone': () => ({ status: 404, body: { detail: 'Application "model" not found' } }),
}

/**
 * Starts the fake of fal: a real HTTP server that takes what fal takes, makes real files, and writes a hidden invoice.
 *
 * @param options.port on loopback; any free one unless given
 * @param options.key that it accepts; a random one unless given
 */
export async function startFakeFal(options: { port?: number; key?: string } = {}): Promise<FakeFal> {
  const key = options.key ?? `${crypto.randomUUID()}:${crypto.randomUUID().replaceAll('-', '')}`
  const queue: QueueState = {
    jobs: createWireJobs(),
    files: new Map(),
    refunded: new Set(),
    position: null,
    log: ' 45%|████▌     | 9/20',
  }
  const platform: PlatformState = {
    unknown: new Set(),
    deprecated: new Set(),
    isWithoutList: false,
    documents: new Map(),
  }
  const server = await startWireServer(createProvider(key, queue, platform), options)
  return {
    ...server,
    billed: () => server.billed().filter(({ trace }) => !queue.refunded.has(trace)),
    setQueuePosition: position => {
      queue.position = position
    },
    setLog: message => {
      queue.log = message
    },
    setPlatform: change => void Object.assign(platform, change),
    forgetRequests: () => {
      queue.jobs = createWireJobs()
    },
  }
}

function createProvider(key: string, queue: QueueState, platform: PlatformState): WireProvider {
  return {
    prefix: '',
    key,
    faults: ['too-many', 'runner-gone', 'runner-failed'],
    isAuthorized: ({ authorization }) => authorization === `Key ${key}`,
    isSubmission: ({ method, path }) => method === 'POST' && !path.startsWith('/platform/'),
    refusals: REFUSALS,
    isPublic: path => path.startsWith('/files/'),
    answer: async exchange => {
      const { method, path, query } = exchange
      const file = queue.files.get(path)
      if (file) return { status: 200, body: file.bytes, headers: { 'content-type': file.type } }
      if (method === 'GET' && path === '/platform/models/pricing') return listPrices(platform, query)
      if (method === 'GET' && path === '/platform/models') return listModels(platform, query)
      const [, id, action = ''] = REQUEST.exec(path) ?? []
      if (id !== undefined) return await answerAboutRequest(queue, exchange, { id, action })
      return method === 'POST' ? submitRequest(queue, exchange) : { status: 404, body: { detail: 'Not Found' } }
    },
  }
}
