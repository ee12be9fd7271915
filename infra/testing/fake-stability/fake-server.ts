import sharp from 'sharp'
import { renderImage } from '../fake-provider/image.ts'
import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import { createWireJobs, type WireJobs } from '../provider-fakes/wire-jobs.ts'
import { type PolledWireFake, startWireServer, type WireExchange } from '../provider-fakes/wire-server.ts'
import { ENDPOINTS, type Endpoint } from './endpoints.ts'
import { checkForm, parseForm, type StabilityForm } from './form.ts'
import { createStabilityError, STABILITY_REFUSALS } from './refusals.ts'

const PREFIX = '/v2beta/stable-image'
/** "payload size exceeds 10MiB" [D]. */
const MAX_BYTES = 10 * 1_024 * 1_024
const MICROS_PER_CREDIT = 10_000
const CREDITS = 1_234.5

/** An image that was made, as it is answered. */
interface MadeImage {
  image: string
  finish_reason: string
  seed: number
}

/** Starts the fake of Stability AI: it takes what Stability AI takes, makes real images, and writes a hidden invoice. */
export async function startFakeStability(options: { port?: number; key?: string } = {}): Promise<PolledWireFake> {
  const key = options.key ?? `sk-canary${crypto.randomUUID().replaceAll('-', '')}`
  const jobs = createWireJobs<MadeImage>()
  return await startWireServer(
    {
      prefix: '',
      key,
      faults: ['expired', 'job-refused'],
      isAuthorized: ({ authorization }) => authorization === `Bearer ${key}`,
      isSubmission: ({ method, path }) => method === 'POST' && path.startsWith(`${PREFIX}/`),
      refusals: STABILITY_REFUSALS,
      answer: exchange => answer(jobs, exchange),
    },
    options,
  )
}

async function answer(jobs: WireJobs<MadeImage>, exchange: WireExchange): Promise<WireAnswer> {
  const { method, path } = exchange
  if (method === 'GET' && path === '/v1/user/balance') return { status: 200, body: { credits: CREDITS } }
  if (method === 'GET' && path.startsWith('/v2beta/results/'))
    return pollResult(jobs, path.slice('/v2beta/results/'.length), exchange.fault)
  const endpoint = method === 'POST' && path.startsWith(PREFIX) ? ENDPOINTS[path.slice(PREFIX.length)] : undefined
  if (!endpoint) return createStabilityError(404, 'not_found', [`${path} was not found`])
  return await submit(jobs, endpoint, exchange)
}

async function submit(
  jobs: WireJobs<MadeImage>,
  endpoint: Endpoint,
  { headers, body, fault, bill, polls }: WireExchange,
): Promise<WireAnswer> {
  if (body.byteLength > MAX_BYTES) return createStabilityError(413, 'content_too_large', ['payload size exceeds 10MiB'])
  if (headers.accept !== 'application/json' && headers.accept !== 'image/*')
    return createStabilityError(400, 'bad_request', ['accept: must be image/* or application/json'])
  const form = await parseForm(headers['content-type'] ?? '', body)
  if (!form) return createStabilityError(400, 'bad_request', ['content-type: must be multipart/form-data'])
  const complaints = checkForm(endpoint, form)
  if (complaints.length > 0) return createStabilityError(400, 'bad_request', complaints)
  // It is sent as an error, by which nothing was taken.
  if (fault !== 'huge-error') bill((endpoint.credits[form.texts.model ?? '*'] ?? 0) * MICROS_PER_CREDIT)
  const made = await makeImage(endpoint, form, fault)
  if (fault === 'wrong-shape') return { status: 200, body: { artifacts: [{ base64: made.image }] } }
  if (!endpoint.isJob)
    return fault === 'empty-answer' ? { status: 200, body: { ...made, image: '' } } : { status: 200, body: made }
  const id = `${crypto.randomUUID()}${crypto.randomUUID()}`.replaceAll('-', '')
  jobs.start(id, fault === 'empty-answer' ? { ...made, image: '' } : made, polls)
  return { status: 200, body: { id } }
}

/** Answers a poll: "202 while it is in progress"; "results are stored for 24 hours"; another key's are not found [D]. */
function pollResult(jobs: WireJobs<MadeImage>, id: string, fault: string | null): WireAnswer {
  const job = fault === 'expired' ? undefined : jobs.poll(id)
  if (!job) return createStabilityError(404, 'not_found', ['The specified generation was not found.'])
  if (fault === 'job-refused') return STABILITY_REFUSALS['content-refused']()
  if (job.state === 'finished') return { status: 200, body: { id, ...job.content } }
  return { status: 202, body: { id, status: 'in-progress' } }
}

async function makeImage(endpoint: Endpoint, form: StabilityForm, fault: string | null): Promise<MadeImage> {
  const { seed = '0', output_format: format = 'png' } = form.texts
  const used = Number(seed) || 7
  const png = await renderImage(getSize(endpoint, form), used % 1_000, 0)
  const bytes =
    format === 'png'
      ? png
      : await sharp(png)
          .toFormat(format === 'jpeg' ? 'jpeg' : 'webp')
          .toBuffer()
  // "the generation was successful, but the output violated the moderation policy and has been blurred" [D].
  const reason = fault === 'output-refused' ? 'CONTENT_FILTERED' : 'SUCCESS'
  return { image: bytes.toString('base64'), finish_reason: reason, seed: used }
}

const EDGE = 8

function getSize({ output }: Endpoint, { texts, images }: StabilityForm): { width: number; height: number } {
  const start = images.image ?? images.subject_image
  if (output.kind === 'factor' && start)
    return { width: start.width * output.factor, height: start.height * output.factor }
  const [across = 1, down = 1] = texts.aspect_ratio?.split(':').map(Number) ?? []
  const ratio = start && !texts.aspect_ratio ? start.width / start.height : across / down
  const pixels = output.kind === 'area' ? output.pixels : 1_048_576
  const height = Math.sqrt(pixels / ratio)
  return { width: roundEdge(height * ratio), height: roundEdge(height) }
}

function roundEdge(side: number): number {
  return Math.round(side / EDGE) * EDGE
}
