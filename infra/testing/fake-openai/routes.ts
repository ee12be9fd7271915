import type { IncomingMessage } from 'node:http'
import { checkEditForm, parseEditForm } from './edit-form.ts'
import type { FakeState } from './fake-state.ts'
import { type Answer, createError, type Fault, isTaken } from './faults.ts'
import { type Fields, type ImageCall, isAnswer, parseCall, renderCall } from './image-call.ts'
import { computePrice, countTokens } from './invoice.ts'

interface Exchange {
  request: IncomingMessage
  pathname: string
  body: Buffer
  /** Identifier of the exchange, as in `x-request-id`. */
  trace: string
  fault: Fault | null
}

/** Answers a request, and bills it unless the fault refuses it before the work begins. */
export async function handleRequest(state: FakeState, exchange: Exchange): Promise<Answer> {
  if (exchange.request.headers.authorization !== `Bearer ${state.key}`)
    return createError(401, { code: 'invalid_api_key', message: 'Incorrect API key provided.' })
  const submission = `${exchange.request.method} ${exchange.pathname}`
  for (const [pattern, route] of ROUTES) {
    const [match, id = ''] = pattern.exec(submission) ?? []
    if (match !== undefined) return await route(state, exchange, id)
  }
  return createError(404, { message: `Invalid URL (${submission})` })
}

type Route = (state: FakeState, exchange: Exchange, id: string) => Promise<Answer> | Answer

const ROUTES: readonly (readonly [RegExp, Route])[] = [
  [/^GET \/v1\/models$/, ({ models }) => ({ status: 200, body: { object: 'list', data: models } })],
  [/^POST \/v1\/images\/generations$/, generate],
  [/^POST \/v1\/images\/edits$/, edit],
  [/^POST \/v1\/responses$/, respond],
  [/^GET \/v1\/responses\/(\w+)$/, (state, { fault }, id) => state.responses.check(id, fault)],
  [/^POST \/v1\/responses\/(\w+)\/cancel$/, (state, { fault }, id) => state.responses.cancel(id, fault)],
]

async function generate(state: FakeState, exchange: Exchange): Promise<Answer> {
  const fields = toFields(parseJson(exchange.body))
  return await makeImages(state, exchange, parseCall(fields, { kind: 'generate', images: 0, models: getIds(state) }))
}

async function edit(state: FakeState, exchange: Exchange): Promise<Answer> {
  const form = await parseEditForm(exchange.request.headers['content-type'] ?? '', exchange.body)
  const refused = await checkEditForm(form)
  if (refused) return refused
  const images = form.images.length
  return await makeImages(state, exchange, parseCall(form.fields, { kind: 'edit', images, models: getIds(state) }))
}

async function makeImages(state: FakeState, { fault, trace }: Exchange, call: ImageCall | Answer): Promise<Answer> {
  if (isAnswer(call)) return call
  if (!isTaken(fault)) return { status: 200, body: {} }
  const usage = countTokens(call)
  const serial = state.billed.push({ micros: computePrice(call, usage), trace })
  const image = { b64_json: await drawCall(state, call, serial) }
  const other = { b64_json: await renderCall(call, serial + 1) }
  if (call.partialImages !== null)
    return { status: 200, body: {}, events: await createEvents(state, call, { fault, serial, usage }) }
  const { quality, format } = call
  const body = { created: 1_796_000_000, data: [image], quality, output_format: format, usage }
  return { status: 200, body: { ...body, ...changeAnswer(fault, image, other) } }
}

/** Creates the events of a streamed answer. @see ImageGenPartialImageEvent, ImageGenCompletedEvent in openai/openai-openapi@f85dbe2 */
async function createEvents(
  state: FakeState,
  call: ImageCall,
  { fault, serial, usage }: { fault: Fault | null; serial: number; usage: object },
): Promise<{ type: string }[]> {
  const prefix = call.images > 0 ? 'image_edit' : 'image_generation'
  const common = { created_at: 1_796_000_000, quality: call.quality, output_format: call.format }
  const partials = Array.from({ length: call.partialImages ?? 0 }, async (_, partial_image_index) => ({
    ...{ type: `${prefix}.partial_image`, ...common, partial_image_index },
    b64_json: await renderCall(call, serial + 1 + partial_image_index),
  }))
  const image = { b64_json: await drawCall(state, call, serial) }
  const other = { b64_json: await renderCall(call, serial + 1) }
  const { data } = { data: [image], ...changeAnswer(fault, image, other) }
  const completed = Array.isArray(data) ? (data.length === 0 ? [{}] : data) : []
  const last = completed.map(made => ({ type: `${prefix}.completed`, ...common, ...made, usage }))
  return [...(await Promise.all(partials)), ...last]
}

/** Returns the image of a call in base64: that of its work, or one that is rendered. */
async function drawCall({ work }: FakeState, call: ImageCall, serial: number): Promise<string> {
  return work.image ? Buffer.from(work.image).toString('base64') : await renderCall(call, serial)
}

function changeAnswer(fault: Fault | null, image: object, other: object): object {
  if (fault === 'wrong-count') return { data: [image, other] }
  if (fault === 'duplicate-answer') return { data: [image, image] }
  if (fault === 'empty-answer') return { data: [] }
  if (fault === 'no-image') return { data: [{ b64_json: Buffer.from('no image, but base64').toString('base64') }] }
  return fault === 'wrong-shape' ? { data: 'none' } : {}
}

async function respond(state: FakeState, { body, fault, trace }: Exchange): Promise<Answer> {
  const submitted = parseJson(body) as BackgroundSubmission
  const { background, store, tools: [tool] = [], input: [message] = [] } = submitted
  if (background !== true || store !== true || tool === undefined || message === undefined)
    return createError(400, { message: 'The fake takes background responses with one tool.' })
  const parts = message.content ?? []
  const prompt = parts.find(({ type }) => type === 'input_text')?.text ?? ''
  const images = parts.filter(({ type }) => type === 'input_image').length
  const fields = { ...toFields(tool), prompt }
  const call = parseCall(fields, { kind: 'tool', images, models: getIds(state) })
  if (isAnswer(call)) return call
  if (!isTaken(fault) && fault !== 'content-refused' && fault !== 'output-refused') return { status: 200, body: {} }
  const usage = countTokens(call)
  const serial = isTaken(fault) ? state.billed.push({ micros: computePrice(call, usage), trace }) : 0
  return state.responses.start(call, { base64: await drawCall(state, call, serial), usage, fault })
}

interface BackgroundSubmission {
  background?: boolean
  store?: boolean
  tools?: Record<string, unknown>[]
  input?: { content?: { type: string; text?: string }[] }[]
}

function getIds({ models }: FakeState): string[] {
  return models.map(({ id }) => id)
}

function toFields(body: unknown): Fields {
  if (typeof body !== 'object' || body === null) return {}
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, String(value)]))
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return {}
  }
}
