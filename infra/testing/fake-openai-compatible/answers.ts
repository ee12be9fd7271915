import { type Answer, createError, type Fault } from '../fake-openai/faults.ts'
import { renderImage } from '../fake-provider/image.ts'
import type { Flavour, FlavourSpec } from './flavours.ts'
import type { FieldError, WireSubmission } from './submission.ts'

export interface AnswerOptions {
  flavour: Flavour
  spec: FlavourSpec
  submission: WireSubmission
  /** Number of the request: it makes each image another. */
  serial: number
  fault: Fault | null
  /** Image that is answered instead of one that is rendered. */
  image: Uint8Array | null
  /** Stores an image and returns its URL. */
  publish: (bytes: Uint8Array) => string
}

/** Model that ran by the fault `other-model`. */
const OTHER_MODEL = 'vendor/cheaper-model'

const DEFAULT_SIDE = 512
/** xAI counts in ten-billionths of a dollar. */
const TICKS_PER_MICRO = 10_000
const UNITS_PER_MICRO = 0.001

/** Makes the images of a request and answers as the server does. */
export async function createAnswer(options: AnswerOptions): Promise<Answer> {
  const { spec, submission, fault, flavour } = options
  const count = countImages(submission) + (fault === 'wrong-count' ? 1 : 0)
  const items = await Promise.all(Array.from({ length: count }, (_, index) => createItem(options, index)))
  const cost = reportCost(flavour, spec.imageMicros * count)
  return {
    status: 200,
    headers: cost.headers,
    body: { created: 1_790_000_000, data: changeItems(items, fault), ...cost.body, ...nameModel(fault) },
  }
}

/** Returns the number of images that are requested. */
export function countImages({ fields }: WireSubmission): number {
  return Number(fields.n ?? 1)
}

/** Returns whether a server answers an image that it withholds by an item of its own, and bills it. */
export function withholdsItems(flavour: Flavour): boolean {
  return flavour === 'xai' || flavour === 'recraft' || flavour === 'together'
}

/** Refuses a field in the server's own words. */
export function createFieldError(flavour: Flavour, { field, message }: FieldError): Answer {
  if (flavour === 'sdcpp') return { status: 400, body: { error: `${field} required` } }
  if (flavour === 'xai') return { status: 400, body: { code: 'Invalid argument', error: message } }
  if (flavour === 'recraft') return { status: 400, body: { code: 'invalid_request', message } }
  if (flavour !== 'vllm-omni') return createError(400, { message, code: 'unknown_parameter', param: field })
  return { status: 422, body: { detail: [{ type: 'extra_forbidden', loc: ['body', field], msg: message }] } }
}

/** Names the model that ran, as proxies do that have chosen another one. */
function nameModel(fault: Fault | null): { model?: string } {
  return fault === 'other-model' ? { model: OTHER_MODEL } : {}
}

function changeItems(items: readonly unknown[], fault: Fault | null): unknown {
  if (fault === 'duplicate-answer') return [...items, ...items]
  if (fault === 'empty-answer') return []
  return fault === 'wrong-shape' ? 'none' : items
}

async function createItem(options: AnswerOptions, index: number): Promise<Record<string, unknown>> {
  const { flavour, fault, publish } = options
  if (fault === 'output-refused') return createWithheldItem(flavour)
  const bytes = fault === 'no-image' ? Buffer.from('no image') : await drawImage(options, index)
  const item = readFormat(options) === 'url' ? { url: publish(bytes) } : { b64_json: bytes.toString('base64') }
  return { ...item, ...describeItem(flavour) }
}

async function drawImage({ image, submission, serial }: AnswerOptions, index: number): Promise<Buffer> {
  return image ? Buffer.from(image) : await renderImage(readSize(submission.fields), serial * 7, index)
}

function readFormat({ spec, submission }: AnswerOptions): unknown {
  const known = [...spec.generate.optional, ...(spec.edit?.optional ?? [])]
  const requested = known.includes('response_format') ? submission.fields.response_format : undefined
  return requested ?? spec.formats[0]
}

function describeItem(flavour: Flavour): Record<string, unknown> {
  if (flavour === 'xai') return { revised_prompt: 'a prompt of its own', respect_moderation: true }
  return flavour === 'openrouter' ? { media_type: 'image/png' } : {}
}

function createWithheldItem(flavour: Flavour): Record<string, unknown> {
  return flavour === 'xai' ? { url: '', respect_moderation: false } : { url: null, b64_json: null }
}

function reportCost(flavour: Flavour, micros: number): { body: object; headers: Record<string, string> } {
  const usd = micros / 1_000_000
  if (flavour === 'litellm') return { body: {}, headers: { 'x-litellm-response-cost': String(usd) } }
  return { body: reportCostInBody(flavour, micros), headers: {} }
}

function reportCostInBody(flavour: Flavour, micros: number): object {
  if (flavour === 'xai') return { usage: { cost_in_usd_ticks: micros * TICKS_PER_MICRO } }
  if (flavour === 'recraft') return { credits: micros * UNITS_PER_MICRO }
  if (flavour !== 'openrouter') return {}
  return { usage: { prompt_tokens: 9, completion_tokens: 1_290, cost: micros / 1_000_000 } }
}

/** Reads the size from whichever fields have it. */
function readSize(fields: WireSubmission['fields']): { width: number; height: number } {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(String(fields.size ?? '')) ?? []
  if (width && height) return { width: Number(width), height: Number(height) }
  if (fields.width && fields.height) return { width: Number(fields.width), height: Number(fields.height) }
  const ratio = String(fields.aspect_ratio ?? '1:1').split(':')
  const [across = 1, down = 1] = ratio.map(Number)
  const side = (quotient: number) => Math.round(DEFAULT_SIDE * Math.sqrt(quotient))
  return { width: side(across / down), height: side(down / across) }
}
