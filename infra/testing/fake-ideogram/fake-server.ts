import { renderImage } from '../fake-provider/image.ts'
import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import { createWireJobs, type WireJob, type WireJobs } from '../provider-fakes/wire-jobs.ts'
import { type PolledWireFake, startWireServer, type WireExchange } from '../provider-fakes/wire-server.ts'
import { computePrice } from './invoice.ts'
import { isEndpoint, readSubmission, type TakenSubmission } from './submission.ts'

const IMAGES = '/v2/image/'
const GENERATIONS = '/v2/generations/'
const FILES = '/api/images/ephemeral/'
const DAY_SECONDS = 86_400

interface Content extends TakenSubmission {
  fault: string | null
  /** The amount that is billed, where the answer names it. */
  usageMicros: number | null
}
type Generations = WireJobs<Content>

/**
 * Starts the fake of Ideogram's API v2. Its own faults: `too-many-in-flight`, `plan-limit` (402 for another reason than the balance), `expired`
 * (a generation is not found any more), `failed-safety` and `failed` (a generation that fails), `model-refused` (one endpoint is not open to the
 * account) and `odd-image` (the images that are priced are refused).
 *
 * @see https://developer.ideogram.ai/ideogram-api/errors, /price-quotes, /rate-limits and /api-reference/generations/get-generation [D]
 */
export async function startFakeIdeogram(options: { port?: number } = {}): Promise<PolledWireFake> {
  const generations: Generations = createWireJobs()
  const key = `ideogram-canary-${crypto.randomUUID()}`
  return await startWireServer(
    {
      prefix: '',
      key,
      faults: ['too-many-in-flight', 'plan-limit', 'expired', 'failed-safety', 'failed', 'model-refused', 'odd-image'],
      isAuthorized: headers => headers['api-key'] === key,
      isSubmission: ({ method, query }) => method === 'POST' && query.get('dry_run') !== 'true',
      isPublic: path => path.startsWith(FILES),
      refusals: REFUSALS,
      answer: exchange => answer(generations, exchange),
    },
    options,
  )
}

/** The words are [U], those of 402 and 429 beside `reject_reason` too. */
const REFUSALS: Partial<Record<string, (key: string) => WireAnswer>> = {
  'rate-limited': () => refuse(429, { error: 'Too many requests.' }, { 'retry-after': '2' }),
  'rate-limited-until': () => refuse(429, { error: 'Too many requests.' }, { 'retry-after': '3600' }),
  'too-many-in-flight': () =>
    refuse(429, { error: 'Too many in-flight requests.', reject_reason: 'inflight_limit', max_inflight_requests: 10 }),
  'no-credit': () => refuse(402, { error: 'Insufficient credits.', reject_reason: 'insufficient_funds' }),
  'plan-limit': () => refuse(402, { error: 'The daily limit is reached.', reject_reason: 'daily_limit' }),
  'wrong-key': () => refuse(401, { message: 'Access denied. Please verify your API Token is valid.' }),
  'no-permission': () => refuse(403, { error: 'The organization has no access to this model.' }),
  unavailable: () => refuse(503, { error: 'The endpoint is temporarily unavailable.' }),
  'content-refused': () => refuse(422, { error: 'The prompt did not pass safety checks.' }),
  'setting-refused': () => refuse(400, { error: 'quality must be one of low, medium, high' }),
  'reference-refused': () => refuse(400, { error: 'The image has an aspect ratio outside 1:6 to 6:1.' }),
  'model-gone': () => refuse(404, { error: 'Not found.' }),
  'echo-key': key => refuse(400, { error: `The request with Api-Key ${key} is not valid.` }),
}

function refuse(status: number, body: unknown, headers: Record<string, string> = {}): WireAnswer {
  return { status, body, headers }
}

async function answer(generations: Generations, exchange: WireExchange): Promise<WireAnswer> {
  const { method, path } = exchange
  if (path.startsWith(FILES)) return await sendFile(generations, path)
  if (method === 'GET' && path.startsWith(GENERATIONS)) return sendGeneration(generations, exchange)
  const name = path.slice(IMAGES.length)
  if (method === 'POST' && path.startsWith(IMAGES) && isEndpoint(name)) return await take(generations, exchange, name)
  return refuse(404, { error: 'Not found.' })
}

async function take(generations: Generations, exchange: WireExchange, name: string): Promise<WireAnswer> {
  const { body, headers, fault, query } = exchange
  const type = headers['content-type'] ?? ''
  if (fault === 'model-refused' && name.startsWith('precise-edit/')) return refuse(403, { error: 'No access.' })
  if (fault === 'odd-image' && type.startsWith('multipart/')) return refuse(400, { error: 'The image is too small.' })
  const taken = await readSubmission(name, body, type)
  if (typeof taken === 'string') return refuse(400, { error: taken })
  const { identifier, micros, isVariable } = computePrice(taken)
  if (query.get('dry_run') === 'true') return quote(identifier, micros, isVariable)
  if (!taken.isAsync) return refuse(400, { error: 'This fake answers asynchronous requests only.' })
  const id = crypto.randomUUID().replaceAll('-', '').slice(0, 22)
  // It is billed when it is completed, which needs no poll. What fails is not billed, nor what is answered with a status of an error.
  if (!UNBILLED.includes(fault ?? '')) exchange.bill(micros, id)
  generations.start(id, { ...taken, fault, usageMicros: isVariable ? micros : null }, exchange.polls)
  if (fault === 'wrong-shape') return { status: 200, body: { id } }
  return { status: 200, body: { generation_id: id, generation_kind: 'sampling', seed: taken.seed } }
}

const UNBILLED = ['server-error', 'huge-error', 'failed', 'failed-safety']

function quote(identifier: string, micros: number, isVariable: boolean): WireAnswer {
  const body = {
    object: 'price_quote',
    billing_identifier: identifier,
    quantity: 1,
    usd_micros: micros,
    credit_millis: micros / 10,
    qualifier: isVariable ? 'estimate' : 'exact',
    ...(isVariable && { upper_bound_usd_micros: micros * 2 }),
  }
  return { status: 200, body }
}

function sendGeneration(generations: Generations, exchange: WireExchange): WireAnswer {
  const id = exchange.path.slice(GENERATIONS.length)
  const generation = exchange.fault === 'expired' ? undefined : generations.poll(id)
  if (!generation) return refuse(404, { error: 'Not found.' })
  const base = { generation_id: id, created: '2026-11-29T00:00:00Z' }
  if (generation.state !== 'finished') return { status: 200, body: { ...base, status: 'pending' } }
  const { fault, usageMicros } = generation.content
  if (fault === 'failed-safety' || fault === 'failed') {
    const reason = fault === 'failed' ? 'internal_error' : 'content_policy_violation'
    return { status: 200, body: { ...base, status: 'failed', failure_reason: reason } }
  }
  const usage = usageMicros === null ? {} : { usage_cost_usd_micros: usageMicros }
  const data = createData(generation, exchange)
  return { status: 200, body: { ...base, status: 'completed', response_type: 'url', ...usage, data } }
}

function createData({ id, content }: WireJob<Content>, { headers, origin }: WireExchange): unknown[] {
  const { fault, prompt, width, height, seed } = content
  if (fault === 'empty-answer') return []
  const common = { object_type: 'image.generation', prompt, resolution: `${width}x${height}`, seed }
  if (fault === 'output-refused') return [{ ...common, url: null, is_image_safe: false }]
  // There may be a proxy before the fake.
  const host = headers.host === undefined ? origin : `http://${headers.host}`
  const expiresAt = Math.floor(Date.now() / 1_000) + DAY_SECONDS
  const image = { ...common, url: `${host}${FILES}${id}.png?exp=${expiresAt}&sig=abc`, is_image_safe: true }
  return fault === 'wrong-count' || fault === 'duplicate-answer' ? [image, image] : [image]
}

async function sendFile(generations: Generations, path: string): Promise<WireAnswer> {
  const [id = ''] = path.slice(FILES.length).split('.')
  const content = generations.find(id)?.content
  if (!content) return { status: 404, body: {} }
  return { status: 200, body: await renderImage(content, content.seed, 0), headers: { 'content-type': 'image/png' } }
}
