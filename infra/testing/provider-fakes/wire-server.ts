import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { closeServer, listenLocally } from '../local-server.ts'
import type { WireFake, WireRequest } from './wire-fake.ts'
import { isContentFault, sendWireAnswer, WIRE_FAULTS, type WireAnswer } from './wire-faults.ts'

/** A request to a fake. */
export interface WireExchange {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
  /** Origin of the fake: `http://127.0.0.1:40123`. */
  origin: string
  fault: string | null
  /** Identifier of the exchange, as in `x-request-id`. */
  trace: string
  /** Adds a call to the hidden invoice. */
  bill(micros: number, trace?: string): void
  /** Takes a call off the invoice: one that was cancelled, or has failed. */
  refund(trace: string): void
  /** Polls that a job takes until it is finished. */
  polls: number
}

/** The wire shape of a provider, as its fake speaks it. */
export interface WireProvider {
  /** Path of the base URL: `/v1`; empty if it has none. */
  prefix: string
  key: string
  /** Faults of its own, beside those of every provider. */
  faults?: readonly string[]
  isAuthorized(headers: IncomingHttpHeaders): boolean
  /** Whether a request is a submission: the ones that are counted. */
  isSubmission(request: Pick<WireExchange, 'method' | 'path' | 'query'>): boolean
  /** Responses by which a request is refused, by fault; nothing is taken. `wrong-key` is that of every unauthorized request. */
  refusals: Partial<Record<string, (key: string) => WireAnswer>>
  /** Paths that need no key and know no fault: those of files. */
  isPublic?(path: string): boolean
  answer(exchange: WireExchange): Promise<WireAnswer> | WireAnswer
}

/** A running fake whose calls are polled, or not. */
export interface PolledWireFake extends WireFake {
  /** Sets the polls that a job takes until it is finished; 1 unless set. */
  setPolls(polls: number): void
}

const MAX_LOGGED_CHARACTERS = 200_000

/** Starts a real HTTP server that speaks a provider's wire shape, counts submissions, and has the faults of `WIRE_FAULTS`. */
export async function startWireServer(
  provider: WireProvider,
  { port = 0 }: { port?: number } = {},
): Promise<PolledWireFake> {
  const server = createServer()
  const state: WireState = { fault: null, posts: 0, polls: 1, billed: [], requests: [], origin: '' }
  state.origin = await listenLocally(server, port)
  server.on('request', (request, response) => {
    handle(provider, state, request, response).catch(() => response.destroy())
  })
  const faults: readonly string[] = [...WIRE_FAULTS, ...(provider.faults ?? [])]
  return {
    url: `${state.origin}${provider.prefix}`,
    key: provider.key,
    setFault: fault => {
      if (fault !== null && !faults.includes(fault)) throw new Error(`the fake has no fault ${fault}: ${faults.join()}`)
      state.fault = fault
    },
    setPolls: polls => {
      state.polls = polls
    },
    posts: () => state.posts,
    billed: () => [...state.billed],
    requests: () => [...state.requests],
    [Symbol.asyncDispose]: () => closeServer(server),
  }
}

interface WireState {
  fault: string | null
  posts: number
  polls: number
  billed: { micros: number; trace: string }[]
  requests: WireRequest[]
  origin: string
}

async function handle(
  provider: WireProvider,
  state: WireState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const exchange = await readExchange(state, request)
  const { method, path, headers, body, trace, fault } = exchange
  const closed = new AbortController()
  response.once('close', () => closed.abort())
  const send = (answer: WireAnswer, sentFault: string | null) =>
    sendWireAnswer(response, answer, { fault: sentFault, signal: closed.signal })
  response.setHeader('x-request-id', trace)
  if (provider.isPublic?.(path)) return await send(await provider.answer(exchange), null)
  state.requests.push({
    method,
    path,
    headers: toTexts(headers),
    body: body.toString('utf8', 0, MAX_LOGGED_CHARACTERS),
  })
  const isSubmission = provider.isSubmission(exchange)
  if (isSubmission) state.posts += 1
  const refusal = findRefusal(provider, exchange, isSubmission)
  if (refusal) return await send(refusal, null)
  // It is refused, so that nothing is taken.
  if (fault === 'huge-error') return await send(SERVER_ERROR, fault)
  const answer = await provider.answer(exchange)
  await send(fault === 'server-error' && isSubmission ? SERVER_ERROR : answer, fault)
}

const SERVER_ERROR: WireAnswer = { status: 500, body: { error: 'The server had an error.' } }

/** Returns the response by which a request is refused; undefined if it is answered. */
function findRefusal(
  { isAuthorized, refusals, key }: WireProvider,
  { fault, headers }: WireExchange,
  isSubmission: boolean,
): WireAnswer | undefined {
  const refuse = (name: string) => refusals[name]?.(key)
  if (!isAuthorized(headers)) return refuse('wrong-key') ?? { status: 401, body: {} }
  if (fault === null || (isContentFault(fault) && !isSubmission)) return undefined
  if (fault === 'redirect') return { status: 307, body: {}, headers: { location: 'http://127.0.0.1:9/elsewhere' } }
  return refuse(fault)
}

async function readExchange(state: WireState, request: IncomingMessage): Promise<WireExchange> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const trace = `req_${crypto.randomUUID().replaceAll('-', '')}`
  return {
    method: request.method ?? '',
    path: decodeURI(pathname),
    query: searchParams,
    headers: request.headers,
    body: Buffer.concat(await Array.fromAsync(request)),
    origin: state.origin,
    fault: state.fault,
    trace,
    polls: state.polls,
    bill: (micros, billedTrace = trace) => void state.billed.push({ micros, trace: billedTrace }),
    refund: refunded => {
      state.billed = state.billed.filter(bill => bill.trace !== refunded)
    },
  }
}

function toTexts(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
