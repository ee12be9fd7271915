import { z } from 'zod'
import { makeMp4 } from '../fake-provider/video.ts'
import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import type { WireExchange } from '../provider-fakes/wire-server.ts'
import { createFieldError, createNotFound } from './errors.ts'
import type { FakeState, VideoWork } from './fake-state.ts'
import { findImageError } from './image-call.ts'
import { parseJson } from './interactions.ts'

const Frame = z.strictObject({ bytesBase64Encoded: z.base64(), mimeType: z.string() })

/** [D] https://ai.google.dev/gemini-api/docs/video: parameters and their values. Frames as [S] vercel/ai google-video-model.ts sends them. */
const Body = z.strictObject({
  instances: z
    .array(z.strictObject({ prompt: z.string().min(1), image: Frame.optional(), lastFrame: Frame.optional() }))
    .length(1),
  parameters: z.strictObject({
    aspectRatio: z.enum(['16:9', '9:16']).default('16:9'),
    resolution: z.enum(['720p', '1080p', '4k']).default('720p'),
    durationSeconds: z.union([z.literal(4), z.literal(6), z.literal(8)]).default(8),
    negativePrompt: z.string().optional(),
    seed: z.int().min(0).max(4_294_967_295).optional(),
  }),
})

/** Micro-units of USD of a second, by tier. [D, third party] */
const PER_SECOND: Readonly<Record<string, number>> = { '720p': 400_000, '1080p': 400_000, '4k': 600_000 }
const HEIGHTS: Readonly<Record<string, number>> = { '720p': 720, '1080p': 1_080, '4k': 2_160 }

/** Takes a video, bills it, and answers with the name of its operation. */
export async function predictLongRunning(state: FakeState, exchange: WireExchange, model: string): Promise<WireAnswer> {
  if (!/^veo-3\.1-(?:(?:fast|lite)-)?generate-preview$/.test(model)) return createNotFound(`models/${model}`)
  const parsed = Body.safeParse(parseJson(exchange.body))
  if (!parsed.success) return createFieldError(parsed.error.issues[0]?.path.join('.') ?? '', 'Invalid value.')
  const { instances, parameters } = parsed.data
  const { resolution, durationSeconds, aspectRatio } = parameters
  const [instance] = instances
  if (resolution !== '720p' && durationSeconds !== 8)
    return createFieldError('durationSeconds', `${resolution} supports a duration of 8 seconds only.`)
  if (resolution === '4k' && model.includes('lite')) return createFieldError('resolution', '4k is not supported.')
  if (instance?.lastFrame && !instance.image) return createFieldError('lastFrame', 'lastFrame needs image.')
  for (const frame of [instance?.image, instance?.lastFrame]) {
    const refused = frame && (await findImageError({ mimeType: frame.mimeType, data: frame.bytesBase64Encoded }))
    if (refused) return refused
  }
  const id = crypto.randomUUID().replaceAll('-', '').slice(0, 12)
  const name = `models/${model}/operations/${id}`
  if (exchange.fault !== 'output-refused' && exchange.fault !== 'failed')
    exchange.bill((PER_SECOND[resolution] ?? 0) * durationSeconds, name)
  const work = { tier: resolution, ratio: aspectRatio, seconds: durationSeconds, fault: exchange.fault }
  state.operations.start(name, work, exchange.polls)
  return { status: 200, body: { name } }
}

/** Answers a poll. [S] vercel/ai google-video-model.ts */
export function checkOperation(state: FakeState, { fault, origin }: WireExchange, name: string): WireAnswer {
  const job = fault === 'expired' ? undefined : state.operations.poll(name)
  if (!job) return createNotFound(name)
  if (job.state !== 'finished') return { status: 200, body: { name } }
  return { status: 200, body: { name, done: true, ...createResult(job.content, name, origin) } }
}

function createResult({ fault }: VideoWork, name: string, origin: string): object {
  if (fault === 'failed') return { error: { code: 13, message: 'Video generation failed due to an internal issue.' } }
  if (fault === 'empty-answer') return { response: { generateVideoResponse: {} } }
  if (fault === 'content-refused')
    return {
      error: {
        code: 3,
        message: 'The prompt could not be submitted: it contains sensitive words that violate usage guidelines.',
      },
    }
  const filtered = { raiMediaFilteredCount: 1, raiMediaFilteredReasons: ['The video was filtered for its audio.'] }
  if (fault === 'output-refused') return { response: { generateVideoResponse: filtered } }
  const id = name.slice(name.lastIndexOf('/') + 1)
  // The address needs the key in a header. A key in it was seen at third parties, and is never to be stored.
  const uri = `${fault === 'elsewhere' ? 'https://storage.example.com' : origin}/v1beta/files/${id}:download?alt=media&key=k`
  return { response: { generateVideoResponse: { generatedSamples: [{ video: { uri } }] } } }
}

/** Answers with the file of a video that is finished. */
export function downloadVideo(state: FakeState, id: string, models: readonly string[]): WireAnswer {
  const job = models.map(model => state.operations.find(`models/${model}/operations/${id}`)).find(found => found)
  if (job?.state !== 'finished') return createNotFound(`files/${id}`)
  const { tier, ratio, seconds } = job.content
  const [short, long] = [HEIGHTS[tier] ?? 720, ((HEIGHTS[tier] ?? 720) * 16) / 9]
  const [width, height] = ratio === '16:9' ? [long, short] : [short, long]
  const { type, pieces } = makeMp4({ width, height, seconds, bytes: 100_000 })
  return { status: 200, body: Buffer.concat(pieces), headers: { 'content-type': type } }
}
