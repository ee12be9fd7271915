import sharp from 'sharp'
import { renderImage } from '../fake-provider/image.ts'
import { makeMp4 } from '../fake-provider/video.ts'
import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import { type PolledWireFake, startWireServer, type WireExchange } from '../provider-fakes/wire-server.ts'
import { checkBody } from './check-body.ts'
import { ENDPOINT_MODELS } from './models.ts'
import { createRunwayError, RUNWAY_REFUSALS } from './refusals.ts'
import { createFakeTasks, type FakeTasks, TASK_FAULTS, type TaskContent } from './tasks.ts'

const PREFIX = '/v1'
/** The version that every request must name [S]. */
const VERSION = '2024-11-06'
const MICROS_PER_CREDIT = 10_000
const CREDITS = 4_321
const VIDEO_BYTES = 50_000

/** Starts the fake of Runway: it takes what Runway takes, makes real files, serves them itself, and writes a hidden invoice. */
export async function startFakeRunway(options: { port?: number; key?: string } = {}): Promise<PolledWireFake> {
  const key = options.key ?? `key_canary${crypto.randomUUID().replaceAll('-', '')}`
  const tasks = createFakeTasks()
  return await startWireServer(
    {
      prefix: PREFIX,
      key,
      faults: TASK_FAULTS,
      isAuthorized: ({ authorization }) => authorization === `Bearer ${key}`,
      isSubmission: ({ method, path }) => method === 'POST' && path.startsWith(`${PREFIX}/`),
      refusals: RUNWAY_REFUSALS,
      isPublic: path => path.startsWith('/files/'),
      answer: exchange => answer(tasks, exchange),
    },
    options,
  )
}

const TASK_PATH = /^\/v1\/tasks\/([\w-]+)$/

async function answer(tasks: FakeTasks, exchange: WireExchange): Promise<WireAnswer> {
  const { method, path, headers } = exchange
  if (path.startsWith('/files/')) return await serveFile(tasks, path)
  if (headers['x-runway-version'] !== VERSION) return createRunwayError(400, 'X-Runway-Version is missing or unknown.')
  const id = TASK_PATH.exec(path)?.[1]
  if (id !== undefined && method === 'GET') return tasks.get(id, exchange)
  if (id !== undefined && method === 'DELETE') return tasks.delete(id, exchange)
  if (method === 'GET' && path === `${PREFIX}/organization`) return { status: 200, body: ORGANIZATION }
  const models = method === 'POST' ? ENDPOINT_MODELS[path.slice(PREFIX.length)] : undefined
  return models ? await submit(tasks, models, exchange) : createRunwayError(404, `Cannot ${method} ${path}`)
}

/** [S] OrganizationRetrieveResponse */
const ORGANIZATION = {
  creditBalance: CREDITS,
  tier: {
    maxMonthlyCreditSpend: 100_000,
    models: { gen4_image: { maxConcurrentGenerations: 2, maxDailyGenerations: null } },
  },
  usage: { models: { gen4_image: { dailyGenerations: 0 } } },
}

const INVALID = 'Validation of body failed'

async function submit(
  tasks: FakeTasks,
  models: (typeof ENDPOINT_MODELS)[string],
  { body, fault, bill, trace, polls }: WireExchange,
): Promise<WireAnswer> {
  const fields = parseBody(body)
  if (!fields) return createRunwayError(400, 'The body is not valid JSON.')
  const model = typeof fields.model === 'string' ? models[fields.model] : undefined
  if (!model) return createRunwayError(400, INVALID, [{ path: 'model', message: 'Invalid discriminator value.' }])
  const issues = checkBody(model, fields)
  if (issues.length > 0) return createRunwayError(400, INVALID, issues)
  // It is sent as an error, by which nothing was taken.
  if (fault === 'huge-error') return { status: 200, body: {} }
  const credits = model.credits(fields)
  bill(credits * MICROS_PER_CREDIT)
  if (fault === 'wrong-shape') return { status: 200, body: { task: 'one' } }
  const size = await getSize(fields)
  const content: TaskContent = {
    ...size,
    output: model.output,
    seconds: Number(fields.duration ?? 5),
    credits,
    trace,
    fault,
  }
  return { status: 200, body: { id: tasks.start(content, polls), estimatedCost: { credits } } }
}

function parseBody(body: Buffer): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString())
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : undefined
  } catch {
    return undefined
  }
}

/** Returns the size of an output: its ratio in pixels, else a multiple of its image. */
async function getSize(fields: Readonly<Record<string, unknown>>): Promise<{ width: number; height: number }> {
  if (typeof fields.imageUri === 'string') {
    const bytes = Buffer.from(fields.imageUri.slice(fields.imageUri.indexOf(',') + 1), 'base64')
    const { width, height } = await sharp(bytes).metadata()
    const factor = Number(fields.scaleFactor ?? 2)
    return { width: width * factor, height: height * factor }
  }
  const [width = 1_024, height = 1_024] = String(fields.ratio ?? '')
    .split(':')
    .map(Number)
  return { width, height }
}

async function serveFile(tasks: FakeTasks, path: string): Promise<WireAnswer> {
  const content = tasks.find(path.slice('/files/'.length, path.lastIndexOf('.')))
  if (!content) return { status: 404, body: { error: 'No such file' } }
  const { width, height, seconds } = content
  if (content.output === 'image')
    return { status: 200, body: await renderImage({ width, height }, 7, 0), headers: { 'content-type': 'image/png' } }
  const { type, pieces } = makeMp4({ width, height, seconds, bytes: VIDEO_BYTES })
  return { status: 200, body: Buffer.concat(pieces), headers: { 'content-type': type } }
}
