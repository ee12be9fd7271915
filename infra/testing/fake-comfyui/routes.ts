import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { readClock } from '../provider-fakes/provider-work.ts'
import type { FakeState } from './fake-state.ts'
import { type Answer, findRefusal } from './faults.ts'
import { handleJobs, toStatus } from './jobs-routes.ts'
import { describeClass } from './node-classes.ts'
import { findErrors, type Graph, type Prompt } from './prompt.ts'

export interface Exchange {
  method: string
  url: URL
  contentType: string
  body: Buffer
}

/** A file as the answer to a request. */
export interface FileAnswer {
  file: Buffer
}

const NOT_FOUND: Answer = { status: 404, body: '404: Not Found' }
const OK: Answer = { status: 200, body: '' }

/** Answers a request as the server does. */
export async function handleRequest(state: FakeState, exchange: Exchange): Promise<Answer | FileAnswer> {
  const { method, url } = exchange
  const job = handleJobs(state.queue, state.version, method, url)
  if (job) return job
  for (const [pattern, route] of ROUTES) {
    const match = pattern.exec(`${method} ${url.pathname}`)
    if (match) return await route(state, exchange, decodeURIComponent(match[1] ?? ''))
  }
  return NOT_FOUND
}

type Route = (state: FakeState, exchange: Exchange, name: string) => Promise<Answer | FileAnswer> | Answer

const ROUTES: readonly (readonly [RegExp, Route])[] = [
  [/^GET \/system_stats$/, () => ({ status: 200, body: STATS })],
  [/^GET \/object_info\/([^/]+)$/, (_, __, name) => ({ status: 200, body: describeClass(name) })],
  [/^POST \/upload\/image$/, uploadImage],
  [/^POST \/prompt$/, postPrompt],
  [/^GET \/queue$/, getQueue],
  [/^POST \/queue$/, deleteFromQueue],
  [/^POST \/interrupt$/, interrupt],
  [/^GET \/history\/([^/]+)$/, getHistory],
  [/^GET \/view$/, viewFile],
]

const STATS = {
  system: { os: 'posix', comfyui_version: '0.3.75', python_version: '3.12', argv: ['main.py'] },
  devices: [{ name: 'cpu', type: 'cpu', index: null, vram_total: 0, vram_free: 0 }],
}

function postPrompt(state: FakeState, { body }: Exchange): Answer {
  const {
    prompt: graph,
    prompt_id,
    client_id,
  } = JSON.parse(body.toString()) as {
    prompt: Graph
    prompt_id?: string
    client_id?: string
  }
  const hasInput = (name: string) => name === 'example.png' || existsSync(join(state.directory, 'input', name))
  const refusal = findRefusal(state.fault, state.key)
  if (refusal) return refusal
  const errors = findErrors(graph, hasInput)
  if (errors) return { status: 400, body: errors }
  const id = prompt_id ?? crypto.randomUUID()
  const number = state.queue.add({ id, graph, clientId: client_id ?? null, receivedAt: readClock() })
  if (state.fault === 'duplicate-answer') state.queue.remove('')
  return { status: 200, body: { prompt_id: id, number, node_errors: {} } }
}

function getQueue({ queue }: FakeState): Answer {
  const running = queue.running()
  return {
    status: 200,
    body: { queue_running: running ? [toEntry(running)] : [], queue_pending: queue.pending().map(toEntry) },
  }
}

function toEntry({ number, id, graph, clientId }: Prompt) {
  return [number, id, graph, { client_id: clientId }, ['9']]
}

function deleteFromQueue({ queue }: FakeState, { body }: Exchange): Answer {
  for (const id of (JSON.parse(body.toString()) as { delete?: string[] }).delete ?? []) queue.remove(id)
  return OK
}

/** Stops a prompt; a server of an older version stops whatever runs. */
function interrupt({ queue, version }: FakeState, { body }: Exchange): Answer {
  const { prompt_id } = JSON.parse(body.toString() || '{}') as { prompt_id?: string }
  queue.interrupt(version === 'queue' ? undefined : prompt_id)
  return OK
}

function getHistory({ queue }: FakeState, _: Exchange, id: string): Answer {
  const entry = queue.find(id)
  if (!entry) return { status: 200, body: {} }
  return {
    status: 200,
    body: { [id]: { prompt: toEntry(entry.prompt), outputs: entry.outputs, status: toStatus(entry), meta: {} } },
  }
}

async function uploadImage({ directory }: FakeState, { body, contentType }: Exchange): Promise<Answer> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData()
  const [image, subfolder] = [form.get('image'), String(form.get('subfolder') ?? '')]
  if (!(image instanceof File)) return { status: 400, body: '' }
  const path = join(directory, 'input', normalize(subfolder), image.name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, await image.bytes())
  return { status: 200, body: { name: image.name, subfolder, type: 'input' } }
}

async function viewFile({ directory }: FakeState, { url }: Exchange): Promise<Answer | FileAnswer> {
  const [name, subfolder, type] = ['filename', 'subfolder', 'type'].map(key => url.searchParams.get(key) ?? '')
  const path = normalize(join(directory, type || 'output', subfolder ?? '', name ?? ''))
  if (!path.startsWith(directory) || !existsSync(path)) return { status: 404, body: '' }
  return { file: await readFile(path) }
}
