import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'
import {
  type Answer,
  createError,
  FAULTS,
  type Fault,
  findRefusal,
  isTaken,
  sendAnswer,
} from '../fake-openai/faults.ts'
import { closeServer, listenLocally } from '../local-server.ts'
import { createProviderWork, finishWork, type ProviderWork, readClock } from '../provider-fakes/provider-work.ts'
import type { WireFake, WireRequest } from '../provider-fakes/wire-fake.ts'
import { countImages, createAnswer, createFieldError, withholdsItems } from './answers.ts'
import { FLAVOURS, type Flavour, type FlavourSpec } from './flavours.ts'
import { findFieldError, type ReceivedFiles, readSubmission, type WireSubmission } from './submission.ts'

/** A running fake of an OpenAI-compatible server. The faults are those of the fake of OpenAI; `expired` removes its images. */
export interface FakeOpenAiCompatible extends WireFake {
  /** The time that it takes, and has taken. */
  readonly work: ProviderWork
  /** The submissions, in order. */
  submissions(): readonly WireSubmission[]
  /** Returns the last file that it received in a field, as it arrived. */
  lastFile(field: string): Uint8Array | undefined
  /** Requests for images that it has published, and whether they had the key. */
  downloads(): readonly { hasKey: boolean }[]
}

interface FakeState {
  flavour: Flavour
  spec: FlavourSpec
  key: string
  needsKey: boolean
  origin: string
  fault: Fault | null
  requests: WireRequest[]
  submissions: WireSubmission[]
  received: ReceivedFiles
  files: Map<string, Uint8Array>
  downloads: { hasKey: boolean }[]
  posts: number
  billed: { micros: number; trace: string }[]
  work: ProviderWork
}

interface Exchange {
  request: IncomingMessage
  path: string
  body: Buffer
  trace: string
  fault: Fault | null
}

const MAX_LOGGED_CHARACTERS = 200_000
const FILES = '/generated-images/'
/** Faults of a submission, which other requests are answered without. */
const SUBMISSION_FAULTS: readonly Fault[] = [
  'content-refused',
  'output-refused',
  'setting-refused',
  'reference-refused',
  'model-gone',
]

/**
 * Starts a fake of one OpenAI-compatible server, which speaks its dialect exactly.
 *
 * @param options.key the key that it asks for. Without one, a server that needs a key has a random one, and the others take any
 */
export async function startFakeOpenAiCompatible(options: {
  flavour: Flavour
  key?: string
  port?: number
}): Promise<FakeOpenAiCompatible> {
  const spec = FLAVOURS[options.flavour]
  const server = createServer()
  const state: FakeState = {
    flavour: options.flavour,
    spec,
    key: options.key ?? `sk-canary-${crypto.randomUUID().replaceAll('-', '')}`,
    needsKey: spec.needsKey || options.key !== undefined,
    origin: await listenLocally(server, options.port ?? 0),
    fault: null,
    requests: [],
    submissions: [],
    received: new Map(),
    files: new Map(),
    downloads: [],
    posts: 0,
    billed: [],
    work: createProviderWork(),
  }
  server.on('request', (request, response) => {
    handle(state, request, response).catch(() => response.destroy())
  })
  return createControl(state, server)
}

function createControl(state: FakeState, server: Server): FakeOpenAiCompatible {
  return {
    url: state.origin + state.spec.prefix,
    key: state.key,
    work: state.work,
    setFault: fault => {
      state.fault = toFault(fault)
    },
    posts: () => state.posts,
    billed: () => [...state.billed],
    requests: () => [...state.requests],
    submissions: () => [...state.submissions],
    lastFile: field => state.received.get(field),
    downloads: () => [...state.downloads],
    [Symbol.asyncDispose]: () => closeServer(server),
  }
}

async function handle(state: FakeState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const receivedAt = readClock()
  const path = request.url ?? '/'
  const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
  state.requests.push(toWireRequest(request, path, body))
  const closed = new AbortController()
  response.once('close', () => closed.abort())
  const trace = `req_${crypto.randomUUID().replaceAll('-', '')}`
  for (const [name, value] of Object.entries({ ...state.spec.headers, 'x-request-id': trace }))
    response.setHeader(name, value)
  if (path.startsWith(FILES)) return sendFile(state, response, path, hasKey(state, request))
  const { fault } = state
  const isSubmission = request.method === 'POST'
  if (isSubmission) state.posts += 1
  const answer = await createResponse(state, { request, path, body, trace, fault })
  if (isSubmission) await finishWork(state.work, receivedAt, closed.signal)
  const isListing = path === `${state.spec.prefix}/models`
  if (fault === 'no-permission-to-list' && isListing) return await sendAnswer(response, LISTING_REFUSED, CLEAN)
  const refusal = isSubmission || !SUBMISSION_FAULTS.some(name => name === fault) ? refuse(state, fault) : undefined
  await sendAnswer(response, refusal ?? answer, { fault: refusal ? null : fault, signal: closed.signal })
}

const CLEAN = { fault: null, signal: new AbortController().signal }
const LISTING_REFUSED: Answer = createError(403, { message: 'Missing scopes: api.model.read.' })

function refuse({ flavour, key }: FakeState, fault: Fault | null): Answer | undefined {
  return isWithheld(flavour, fault) ? undefined : findRefusal(fault, key)
}

function isWithheld(flavour: Flavour, fault: Fault | null): boolean {
  return fault === 'output-refused' && withholdsItems(flavour)
}

async function createResponse(state: FakeState, exchange: Exchange): Promise<Answer> {
  const { spec, needsKey } = state
  const { path, request } = exchange
  if (needsKey && !spec.publicPages.includes(path) && !hasKey(state, request))
    return createError(401, { code: 'invalid_api_key', message: 'Incorrect API key provided.' })
  if (request.method === 'GET') {
    const page = Object.hasOwn(spec.pages, path) ? { status: 200, body: spec.pages[path] } : undefined
    return page ?? createError(404, { message: 'Not found' })
  }
  return await submit(state, exchange)
}

async function submit(state: FakeState, { request, path, body, trace, fault }: Exchange): Promise<Answer> {
  const { spec, flavour } = state
  const endpoint = [spec.generate, spec.edit].find(endpoint => endpoint && spec.prefix + endpoint.path === path)
  if (!endpoint) return createError(404, { message: 'Not found' })
  const type = request.headers['content-type'] ?? ''
  const submission = await readSubmission({ body, type, path }, endpoint, state.received)
  const serial = state.submissions.push(submission)
  const refused = findFieldError(submission, endpoint, spec.formats)
  if (refused) return createFieldError(flavour, refused)
  if (!isTaken(fault) && !isWithheld(flavour, fault)) return { status: 200, body: {} }
  state.billed.push({ micros: spec.imageMicros * countImages(submission), trace })
  return await createAnswer({
    flavour,
    spec,
    submission,
    serial,
    fault,
    image: state.work.image,
    publish: bytes => publish(state, bytes),
  })
}

function publish({ files, origin }: FakeState, bytes: Uint8Array): string {
  const path = `${FILES}${files.size}.png`
  files.set(path, bytes)
  return origin + path
}

function sendFile(state: FakeState, response: ServerResponse, path: string, hasKey: boolean): void {
  state.downloads.push({ hasKey })
  const isAllowed = hasKey || !state.needsKey || !state.spec.filesNeedKey
  const bytes = isAllowed && state.fault !== 'expired' ? state.files.get(path) : undefined
  if (bytes) return void response.writeHead(200, { 'content-type': 'image/png' }).end(bytes)
  response.writeHead(isAllowed ? 404 : 401).end()
}

function hasKey({ key }: FakeState, { headers }: IncomingMessage): boolean {
  return headers.authorization === `Bearer ${key}`
}

function toWireRequest(request: IncomingMessage, path: string, body: Buffer): WireRequest {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)])
  const text = body.toString('utf8', 0, MAX_LOGGED_CHARACTERS)
  return { method: request.method ?? '', path, headers: Object.fromEntries(headers), body: text }
}

function toFault(fault: string | null): Fault | null {
  if (fault === null) return null
  const known = FAULTS.find(name => name === fault)
  if (known === undefined) throw new Error(`there is no fault ${fault}: ${FAULTS.join(', ')}`)
  return known
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '0' }, flavour: { type: 'string', default: 'localai' } },
  })
  const fake = await startFakeOpenAiCompatible({ flavour: values.flavour as Flavour, port: Number(values.port) })
  process.stdout.write(`${fake.url} ${fake.key}\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => fake[Symbol.asyncDispose]())
}
