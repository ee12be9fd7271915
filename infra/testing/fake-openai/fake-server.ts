import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { closeServer, listenLocally } from '../local-server.ts'
import { finishWork, type ProviderWork, readClock } from '../provider-fakes/provider-work.ts'
import type { WireFake, WireRequest } from '../provider-fakes/wire-fake.ts'
import { createFakeState, type FakeState } from './fake-state.ts'
import { FAULTS, type Fault, findRefusal, sendAnswer } from './faults.ts'
import { handleRequest } from './routes.ts'

/** The running fake of OpenAI's API. `POST /control` and `GET /control` do the same as its methods for other processes. */
export interface FakeOpenAi extends WireFake {
  /** The time that it takes, and has taken. */
  readonly work: ProviderWork
  /** Polls until a response in the background is finished; 1 unless set. */
  setPolls(polls: number): void
  /** Models that `GET /models` lists, with the dates of their shutdown. */
  setModels(models: readonly { id: string; shutdown_date?: string | null }[]): void
}

/**
 * Starts the fake of OpenAI: a real HTTP server that takes what OpenAI takes, makes real images, and writes a hidden invoice.
 *
 * @param options.port on loopback; any free one unless given
 * @param options.key that it accepts; a random one unless given
 */
export async function startFakeOpenAi(options: { port?: number; key?: string } = {}): Promise<FakeOpenAi> {
  const server = createServer()
  const state = createFakeState(options.key ?? `sk-canary-${crypto.randomUUID().replaceAll('-', '')}`)
  const origin = await listenLocally(server, options.port ?? 0)
  server.on('request', (request, response) => {
    handle(state, request, response).catch(() => response.destroy())
  })
  return {
    url: `${origin}/v1`,
    work: state.work,
    key: state.key,
    setFault: fault => {
      state.fault = toFault(fault)
    },
    posts: () => state.posts,
    billed: () => [...state.billed],
    requests: () => [...state.requests],
    setPolls: polls => {
      state.polls = polls
    },
    setModels: models => {
      state.models = [...models]
    },
    [Symbol.asyncDispose]: () => closeServer(server),
  }
}

const MAX_LOGGED_CHARACTERS = 200_000

async function handle(state: FakeState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const receivedAt = readClock()
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  if (pathname === '/control') return await control(state, request, response)
  const body = Buffer.concat(await Array.fromAsync(request))
  state.requests.push(toWireRequest(request, pathname, body))
  const closed = new AbortController()
  response.once('close', () => closed.abort())
  const trace = `req_${crypto.randomUUID().replaceAll('-', '')}`
  response.setHeader('x-request-id', trace).setHeader('openai-processing-ms', '12')
  const { fault } = state
  const isSubmission = request.method === 'POST' && !pathname.endsWith('/cancel')
  if (isSubmission) state.posts += 1
  const answer = await handleRequest(state, { request, pathname, body, trace, fault })
  if (isSubmission && !pathname.startsWith('/v1/responses')) await finishWork(state.work, receivedAt, closed.signal)
  const isListing = pathname === '/v1/models'
  if (fault === 'no-permission-to-list' && isListing) return await sendAnswer(response, LISTING_REFUSED, CLEAN)
  const isContent = isSubmission || !ANSWERED_WITHOUT.has(fault)
  const refusal = isContent && !isBackground(pathname, fault) ? findRefusal(fault, state.key) : undefined
  await sendAnswer(response, refusal ?? answer, { fault: refusal ? null : fault, signal: closed.signal })
}

const CLEAN = { fault: null, signal: new AbortController().signal }
const LISTING_REFUSED = {
  status: 403,
  body: { error: { message: 'You have insufficient permissions for this operation. Missing scopes: api.model.read.' } },
}
/** Faults of a submission, which other requests are answered without. */
const ANSWERED_WITHOUT: ReadonlySet<Fault | null> = new Set<Fault>([
  'content-refused',
  'output-refused',
  'setting-refused',
  'reference-refused',
  'model-gone',
])

/** Returns whether the fault shows later: content is refused in the background, after the submission was accepted. */
function isBackground(pathname: string, fault: Fault | null): boolean {
  return pathname.startsWith('/v1/responses') && (fault === 'content-refused' || fault === 'output-refused')
}

function toWireRequest(request: IncomingMessage, path: string, body: Buffer): WireRequest {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)])
  return {
    method: request.method ?? '',
    path,
    headers: Object.fromEntries(headers),
    body: body.toString('utf8', 0, MAX_LOGGED_CHARACTERS),
  }
}

/** Changes the fake for tests in another process, and shows what it has counted. */
async function control(state: FakeState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'POST') {
    const change = (await json(request)) as { fault?: string | null; polls?: number }
    if (change.fault !== undefined) state.fault = toFault(change.fault)
    if (change.polls !== undefined) state.polls = change.polls
  }
  const { fault, posts, billed } = state
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ fault, posts, billed }))
}

function toFault(fault: string | null): Fault | null {
  if (fault === null) return null
  const known = FAULTS.find(name => name === fault)
  if (known === undefined) throw new Error(`the fake of OpenAI has no fault ${fault}: ${FAULTS.join(', ')}`)
  return known
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, key: { type: 'string' } } })
  const fake = await startFakeOpenAi({
    port: Number(values.port),
    ...(values.key === undefined ? {} : { key: values.key }),
  })
  process.stdout.write(`${fake.url} ${fake.key}\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => fake[Symbol.asyncDispose]())
}
