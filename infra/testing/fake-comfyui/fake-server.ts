import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { toUndefinedIfMissing } from '../../src/runtime/error-code.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { closeServer, listenLocally } from '../local-server.ts'
import { createProviderWork, type ProviderWork, readClock } from '../provider-fakes/provider-work.ts'
import type { WireRequest } from '../provider-fakes/wire-fake.ts'
import type { FakeState } from './fake-state.ts'
import { FAULTS, type Fault, sendAnswer } from './faults.ts'
import type { Version } from './jobs-routes.ts'
import type { Prompt } from './prompt.ts'
import { createPromptQueue } from './prompt-queue.ts'
import { handleRequest } from './routes.ts'
import { runPrompt } from './run-prompt.ts'
import { acceptWebSocket } from './web-socket.ts'

/** A running fake of a ComfyUI server. `POST /control` and `GET /control` do the same as its methods for other processes. */
export interface FakeComfyUi extends AsyncDisposable {
  url: string
  /** Its image, and the times that it has taken: from the receipt of a prompt until it is in the history. */
  readonly work: Pick<ProviderWork, 'image' | 'times'>
  setFault(fault: string | null): void
  setVersion(version: Version): void
  /** Time of each step of a prompt, in ms; 5 unless set. */
  setStepMs(ms: number): void
  /** Prompts that were posted, answered or not. */
  posts(): number
  /** Ids of the prompts whose files were written, in their order; also by a process that has ended. */
  made(): Promise<string[]>
  requests(): WireRequest[]
  /** Forgets what has ended, as a person does by the button Clear. */
  clearHistory(): void
  /** Cuts every websocket. */
  cutSockets(): void
  openSockets(): number
}

export interface FakeComfyUiOptions {
  /** Folder of its files. */
  directory: string
  port?: number
  /** Key that it wants; none unless given. */
  key?: string
  version?: Version
  stepMs?: number
}

const SLOW_MS = 300
const STEP_MS = 5

/**
 * Starts the fake of ComfyUI: a real HTTP server with its documented routes and websocket frames, whose prompts run one after another and
 * write real images.
 */
export async function startFakeComfyUi(options: FakeComfyUiOptions): Promise<FakeComfyUi> {
  const server = createServer()
  const state = createState(options)
  const url = await listenLocally(server, options.port ?? 0)
  server.on('request', (request, response) => {
    handle(state, request, response).catch(() => response.destroy())
  })
  server.on('upgrade', (request, socket) => {
    const id = new URL(request.url ?? '/', 'http://localhost').searchParams.get('clientId') ?? crypto.randomUUID()
    if (!isAuthorized(state, request)) return socket.destroy()
    const accepted = acceptWebSocket(request, socket)
    state.sockets.set(id, accepted)
    socket.on('close', () => {
      if (state.sockets.get(id) === accepted) state.sockets.delete(id)
    })
    const exec_info = { queue_remaining: state.queue.pending().length }
    accepted.sendText(JSON.stringify({ type: 'status', data: { status: { exec_info }, sid: id } }))
  })
  return {
    url,
    ...createControls(state),
    [Symbol.asyncDispose]: async () => {
      for (const socket of state.sockets.values()) socket.cut()
      await state.queue.close()
      await closeServer(server)
    },
  }
}

function createState({ directory, key, version, stepMs }: FakeComfyUiOptions): FakeState {
  const state: FakeState = {
    directory,
    key: key ?? null,
    version: version ?? 'jobs-cancel',
    fault: null,
    posts: 0,
    stepMs: stepMs ?? STEP_MS,
    requests: [],
    sockets: new Map(),
    work: createProviderWork(),
    queue: createPromptQueue((prompt, signal) => run(state, prompt, signal)),
  }
  return state
}

function createControls(state: FakeState): Omit<FakeComfyUi, 'url' | typeof Symbol.asyncDispose> {
  return {
    work: state.work,
    setFault: fault => {
      state.fault = toFault(fault)
    },
    setVersion: version => {
      state.version = version
    },
    setStepMs: ms => {
      state.stepMs = ms
    },
    posts: () => state.posts,
    made: () => readMade(state.directory),
    requests: () => [...state.requests],
    clearHistory: () => state.queue.clearHistory(),
    cutSockets: () => {
      for (const socket of state.sockets.values()) socket.cut()
    },
    openSockets: () => state.sockets.size,
  }
}

/** Reads the ids of the prompts whose files were written into a folder. */
export async function readMade(directory: string): Promise<string[]> {
  const text = await readFile(join(directory, 'made.log'), 'utf8').catch(toUndefinedIfMissing)
  return text?.split('\n').filter(line => line !== '') ?? []
}

async function run(state: FakeState, prompt: Prompt, signal: AbortSignal) {
  const socket = () => state.sockets.get(prompt.clientId ?? '')
  if (state.fault === 'run-fails') throw new Error('the prompt fails')
  const outputs = await runPrompt(prompt, {
    directory: state.directory,
    image: state.work.image,
    stepMs: state.stepMs,
    signal,
    send: message => socket()?.sendText(JSON.stringify(message)),
    sendPreview: image => socket()?.sendBinary(toPreviewFrame(prompt.id, image)),
  })
  state.work.times.push({ startedAt: prompt.receivedAt, endedAt: readClock() })
  socket()?.sendText(JSON.stringify({ type: 'execution_success', data: { prompt_id: prompt.id } }))
  return outputs
}

/** Returns a frame of type 4: the length of its metadata, the metadata, and the image. */
function toPreviewFrame(promptId: string, image: Uint8Array): Uint8Array {
  const metadata = Buffer.from(JSON.stringify({ prompt_id: promptId, node_id: '3', image_type: 'image/jpeg' }))
  const head = Buffer.alloc(8)
  head.writeUInt32BE(4, 0)
  head.writeUInt32BE(metadata.byteLength, 4)
  return Buffer.concat([head, metadata, image])
}

async function handle(state: FakeState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const body = Buffer.concat(await Array.fromAsync(request))
  const method = request.method ?? ''
  if (url.pathname === '/control') return await control(state, method, body, response)
  state.requests.push(toWireRequest(request, url, body))
  if (!isAuthorized(state, request)) return sendAnswer(response, { status: 401, body: 'Unauthorized' }, null)
  const isSubmission = method === 'POST' && url.pathname === '/prompt'
  if (isSubmission) state.posts += 1
  const contentType = request.headers['content-type'] ?? ''
  const answer = await handleRequest(state, { method, url, contentType, body })
  if ('file' in answer) return void response.writeHead(200, { 'content-type': 'image/png' }).end(answer.file)
  if (state.fault === 'slow') await sleep(SLOW_MS, new AbortController().signal)
  const isFaulty = isSubmission && answer.status === 200
  sendAnswer(response, answer, isFaulty ? state.fault : null)
}

function isAuthorized({ key }: FakeState, { headers }: IncomingMessage): boolean {
  return key === null || headers.authorization === `Bearer ${key}`
}

const MAX_LOGGED_CHARACTERS = 200_000

function toWireRequest({ method = '', headers }: IncomingMessage, url: URL, body: Buffer): WireRequest {
  return {
    method,
    path: url.pathname + url.search,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body: body.toString('utf8', 0, MAX_LOGGED_CHARACTERS),
  }
}

/** Changes the fake for tests in another process, and shows what it has counted. */
async function control(state: FakeState, method: string, body: Buffer, response: ServerResponse): Promise<void> {
  if (method === 'POST') {
    const change = JSON.parse(body.toString()) as { fault?: string | null; stepMs?: number; version?: Version }
    if (change.fault !== undefined) state.fault = toFault(change.fault)
    if (change.stepMs !== undefined) state.stepMs = change.stepMs
    if (change.version !== undefined) state.version = change.version
  }
  const { fault, posts, stepMs, version } = state
  const answer = {
    fault,
    posts,
    stepMs,
    version,
    made: await readMade(state.directory),
    running: state.queue.running()?.id ?? null,
  }
  sendAnswer(response, { status: 200, body: { ...answer, pending: state.queue.pending().map(({ id }) => id) } }, null)
}

function toFault(fault: string | null): Fault | null {
  if (fault === null) return null
  const known = FAULTS.find(name => name === fault)
  if (known === undefined) throw new Error(`the fake of ComfyUI has no fault ${fault}: ${FAULTS.join(', ')}`)
  return known
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '0' }, directory: { type: 'string' }, 'step-ms': { type: 'string' } },
  })
  if (values.directory === undefined) throw new Error('--directory is missing')
  const fake = await startFakeComfyUi({
    directory: values.directory,
    port: Number(values.port),
    ...(values['step-ms'] === undefined ? {} : { stepMs: Number(values['step-ms']) }),
  })
  process.stdout.write(`${fake.url}\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => fake[Symbol.asyncDispose]())
}
