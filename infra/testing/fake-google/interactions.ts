import { z } from 'zod'
import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import type { WireJob } from '../provider-fakes/wire-jobs.ts'
import type { WireExchange } from '../provider-fakes/wire-server.ts'
import { createError, createFieldError, createNotFound, isAnswer } from './errors.ts'
import type { BackgroundImage, FakeState } from './fake-state.ts'
import { checkImageCall, computePrice, countTokens, drawCall, MAX_REQUEST_BYTES } from './image-call.ts'

/** [S] CreateModelInteraction, ImageResponseFormat in googleapis/js-genai@6e9b35c45 src/gaos/models/interactions */
const Body = z.strictObject({
  model: z.string(),
  input: z.array(
    z.union([
      z.strictObject({ type: z.literal('text'), text: z.string() }),
      z.strictObject({ type: z.literal('image'), mime_type: z.string(), data: z.base64() }),
    ]),
  ),
  response_format: z.strictObject({
    type: z.literal('image'),
    aspect_ratio: z.string().optional(),
    image_size: z.string().optional(),
    mime_type: z.literal('image/jpeg').optional(),
    delivery: z.enum(['inline', 'uri']).optional(),
  }),
  generation_config: z.strictObject({ thinking_level: z.string().optional() }).optional(),
  background: z.boolean().optional(),
  store: z.boolean().optional(),
  labels: z.record(z.string(), z.string()).optional(),
})

/** Takes an interaction, bills it, and answers with its id. */
export async function createInteraction(state: FakeState, exchange: WireExchange): Promise<WireAnswer> {
  const { body: bytes, fault } = exchange
  if (bytes.byteLength > MAX_REQUEST_BYTES) return createFieldError('input', 'Request payload size exceeds the limit.')
  const parsed = Body.safeParse(parseJson(bytes))
  if (!parsed.success) return createFieldError(parsed.error.issues[0]?.path.join('.') ?? '', 'Invalid value.')
  const { data: body } = parsed
  // The text is that of the documentation of the preview: "only supported for agents" [D, enricoros/big-AGI#899]; its form is [U].
  if (body.background && isRefusing(state, body.model))
    return createFieldError('background', 'background is not supported for this model.')
  if (body.background && body.store === false)
    return createFieldError('store', 'store must be true for background interactions.')
  const call = await checkImageCall({
    model: body.model,
    prompt: body.input.flatMap(part => (part.type === 'text' ? [part.text] : [])).join('\n'),
    ratio: body.response_format.aspect_ratio,
    tier: body.response_format.image_size,
    level: body.generation_config?.thinking_level,
    images: body.input.flatMap(part => (part.type === 'image' ? [{ mimeType: part.mime_type, data: part.data }] : [])),
  })
  if (isAnswer(call)) return call
  const id = `v1_${crypto.randomUUID().replaceAll('-', '')}`
  if (fault !== 'content-refused') exchange.bill(computePrice(call, countTokens(call)), id)
  const job = state.interactions.start(id, { call, images: [], fault }, exchange.polls)
  if (fault === 'wrong-shape') return { status: 200, body: { interaction: id, state: 'ok' } }
  return fault === 'finished-at-once' ? await finish(state, job) : describe(job, 'queued')
}

function isRefusing({ refusing }: FakeState, model: string): boolean {
  return refusing === 'all' || refusing.has(model)
}

/** Answers a poll. */
export async function checkInteraction(state: FakeState, { fault }: WireExchange, id: string): Promise<WireAnswer> {
  const job = fault === 'expired' ? undefined : state.interactions.poll(id)
  if (!job) return createNotFound(`Interaction ${id}`)
  if (job.state === 'cancelled') return describe(job, 'cancelled')
  return job.state === 'finished' ? await finish(state, job) : describe(job, 'in_progress')
}

/** Answers a cancel. What an interaction that has ended is answered with is [U]. */
export function cancelInteraction(state: FakeState, { fault }: WireExchange, id: string): WireAnswer {
  const job = fault === 'expired' ? undefined : state.interactions.find(id)
  if (!job) return createNotFound(`Interaction ${id}`)
  if (fault === 'cancel-refused' || job.state === 'finished')
    return createError(400, { status: 'FAILED_PRECONDITION', message: 'The interaction is not in progress.' })
  state.interactions.cancel(id)
  return describe(job, 'cancelled')
}

type Job = WireJob<BackgroundImage>

function describe({ id, content }: Job, status: string, more: Record<string, unknown> = {}): WireAnswer {
  const times = { created: '2026-11-29T09:00:00Z', updated: '2026-11-29T09:00:01Z' }
  return { status: 200, body: { id, object: 'interaction', model: content.call.model, status, ...times, ...more } }
}

/** The shape of a refusal is [U]. */
const CONTENT_REFUSED = [
  { code: 'type.googleapis.com/PROHIBITED_CONTENT', message: 'The prompt was blocked due to prohibited content.' },
]
const OUTPUT_REFUSED = [
  { code: 'type.googleapis.com/IMAGE_SAFETY', message: 'The generated image was blocked for safety reasons.' },
]

async function finish(state: FakeState, job: Job): Promise<WireAnswer> {
  const { call, images, fault } = job.content
  if (fault === 'content-refused') return describe(job, 'failed', { errors: CONTENT_REFUSED })
  if (fault === 'output-refused') return describe(job, 'failed', { errors: OUTPUT_REFUSED })
  if (fault === 'failed') return describe(job, 'failed', { errors: [{ message: 'An internal error has occurred.' }] })
  if (fault === 'empty-answer') return describe(job, 'completed', { steps: [] })
  if (fault === 'no-image') return describe(job, 'completed', { steps: [toStep([REFUSED_IN_WORDS])] })
  const count = fault === 'wrong-count' || fault === 'duplicate-answer' ? 2 : 1
  while (images.length < count) images.push(await drawCall(call, state.nextSerial(), 'jpeg'))
  const contents = images.map(data => ({ type: 'image', mime_type: 'image/jpeg', data }))
  const thought = { type: 'thought', signature: 'c2ln'.repeat(300_000), summary: [{ type: 'text', text: 'Planning.' }] }
  return describe(job, 'completed', { steps: [thought, toStep(contents)], usage: createUsage(job) })
}

const REFUSED_IN_WORDS = { type: 'text', text: 'I would rather describe it.' }

function toStep(content: readonly object[]) {
  return { type: 'model_output', content }
}

/** Creates the usage of a call. [S] Usage */
function createUsage({ content: { call } }: Job) {
  const { input, inputImages, thoughts, image } = countTokens(call)
  return {
    total_input_tokens: input,
    input_tokens_by_modality: [
      { modality: 'text', tokens: input - inputImages },
      { modality: 'image', tokens: inputImages },
    ],
    total_output_tokens: image,
    output_tokens_by_modality: [{ modality: 'image', tokens: image }],
    total_thought_tokens: thoughts,
    total_tokens: input + image + thoughts,
  }
}

/** Parses a body; null where it is no JSON. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return null
  }
}
