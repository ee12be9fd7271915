import sharp from 'sharp'
import { renderImage } from '../fake-provider/image.ts'
import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import { createWireJobs, type WireJob, type WireJobs } from '../provider-fakes/wire-jobs.ts'
import { type PolledWireFake, startWireServer, type WireExchange } from '../provider-fakes/wire-server.ts'
import { computeCost } from './invoice.ts'
import { isModel, readSubmission, type TakenSubmission } from './submission.ts'

const PREFIX = '/v1'
const FILES = '/files/'
const MICROS_PER_CREDIT = 10_000
const CREDITS = 1_234.5

interface Task extends TakenSubmission {
  fault: string | null
  createdAt: number
}
type Tasks = WireJobs<Task>

/**
 * Starts the fake of Black Forest Labs. Its own faults: `too-many-tasks`, `expired` (a task is not found any more), `task-failed`,
 * `unknown-phase` (a status that nothing documents, while it works) and `other-host` (a task that is polled elsewhere).
 *
 * @see https://docs.bfl.ai/api-reference and https://docs.bfl.ai/api_integration/errors [D]. Which words a refusal has, and that a call
 *   that is moderated is billed, is [U]
 */
export async function startFakeBfl(options: { port?: number } = {}): Promise<PolledWireFake> {
  const tasks: Tasks = createWireJobs()
  const key = `bfl-canary-${crypto.randomUUID()}`
  return await startWireServer(
    {
      prefix: PREFIX,
      key,
      faults: ['too-many-tasks', 'expired', 'task-failed', 'unknown-phase', 'other-host'],
      isAuthorized: headers => headers['x-key'] === key,
      isSubmission: ({ method }) => method === 'POST',
      isPublic: path => path.startsWith(FILES),
      refusals: REFUSALS,
      answer: exchange => answer(tasks, exchange),
    },
    options,
  )
}

const REFUSALS: Partial<Record<string, (key: string) => WireAnswer>> = {
  'rate-limited': () => refuse(429, 'Rate limit exceeded.', { 'retry-after': '2' }),
  'rate-limited-until': () => refuse(429, 'Rate limit exceeded.', { 'retry-after': '3600' }),
  'too-many-tasks': () => refuse(429, 'You have too many active tasks (24).'),
  'no-credit': () => refuse(402, 'Insufficient credits.'),
  'wrong-key': () => refuse(403, 'Not authenticated - Invalid Authentication'),
  'no-permission': () => refuse(403, 'This model is not available to your organization.'),
  unavailable: () => refuse(503, 'Service unavailable.'),
  'setting-refused': () => refuseField('safety_tolerance', 'Input should be less than or equal to 5'),
  'reference-refused': () => refuseField('input_image', 'Input should be a valid image'),
  'model-gone': () => refuse(404, 'Not Found'),
  'echo-key': key => refuse(400, `The request with x-key ${key} is not valid.`),
}

function refuse(status: number, detail: string, headers: Record<string, string> = {}): WireAnswer {
  return { status, body: { detail }, headers }
}

function refuseField(name: string, msg: string): WireAnswer {
  return { status: 422, body: { detail: [{ loc: ['body', name], msg, type: 'value_error' }] } }
}

async function answer(tasks: Tasks, exchange: WireExchange): Promise<WireAnswer> {
  const { method, path, query } = exchange
  if (path.startsWith(FILES)) return await sendFile(tasks, path)
  const name = path.slice(PREFIX.length + 1)
  if (method === 'GET' && name === 'credits') return { status: 200, body: { credits: CREDITS } }
  if (method === 'GET' && name === 'get_result') return sendResult(tasks, exchange, query.get('id') ?? '')
  if (method === 'POST' && isModel(name)) return await takeSubmission(tasks, exchange, name)
  return refuse(404, 'Not Found')
}

async function takeSubmission(tasks: Tasks, exchange: WireExchange, model: string): Promise<WireAnswer> {
  const { body, headers, fault } = exchange
  if (!headers['content-type']?.startsWith('application/json')) return refuse(400, 'The body must be JSON.')
  const taken = await readSubmission(model, JSON.parse(body.toString()))
  if ('loc' in taken) return { status: 422, body: { detail: [taken] } }
  const id = crypto.randomUUID()
  const cost = computeCost(taken)
  // A submission that is answered with a status of an error is not billed; what happens to another answer on its way changes nothing.
  if (fault !== 'server-error' && fault !== 'huge-error') exchange.bill(cost.cost * MICROS_PER_CREDIT, id)
  tasks.start(id, { ...taken, fault, createdAt: Date.now() }, exchange.polls)
  if (fault === 'wrong-shape') return { status: 200, body: { task: id } }
  const origin = fault === 'other-host' ? 'https://bfl.example' : getOrigin(exchange)
  return { status: 200, body: { id, polling_url: `${origin}${PREFIX}/get_result?id=${id}`, ...cost } }
}

/** Returns the origin that the client has used: there may be a proxy before the fake. */
function getOrigin({ headers, origin }: WireExchange): string {
  return headers.host === undefined ? origin : `http://${headers.host}`
}

function sendResult(tasks: Tasks, exchange: WireExchange, id: string): WireAnswer {
  const task = exchange.fault === 'expired' ? undefined : tasks.poll(id)
  if (!task) return { status: 404, body: { id, status: 'Task not found', result: null } }
  const base = { id, result: null, progress: null, details: null, preview: null }
  if (task.state !== 'finished') {
    const phase = task.content.fault === 'unknown-phase' ? 'Reasoning' : 'Pending'
    return { status: 200, body: { ...base, status: phase, progress: 0.25 } }
  }
  return { status: 200, body: { ...base, ...createResult(task, getOrigin(exchange)) } }
}

function createResult({ id, content }: WireJob<Task>, origin: string): Record<string, unknown> {
  const reasons = { 'Moderation Reasons': ['Derivative Works Filter'] }
  if (content.fault === 'content-refused') return { status: 'Request Moderated', details: reasons }
  if (content.fault === 'output-refused') return { status: 'Content Moderated', details: reasons }
  if (content.fault === 'task-failed') return { status: 'Error', details: { error: 'The worker had an error.' } }
  if (content.fault === 'empty-answer') return { status: 'Ready', result: {} }
  const { seed, prompt, format, createdAt } = content
  const times = { start_time: createdAt / 1_000, end_time: Date.now() / 1_000 }
  return { status: 'Ready', result: { sample: `${origin}${FILES}${id}.${format}`, seed, prompt, ...times } }
}

async function sendFile(tasks: Tasks, path: string): Promise<WireAnswer> {
  const [id = ''] = path.slice(FILES.length).split('.')
  const content = tasks.find(id)?.content
  if (!content) return { status: 404, body: {} }
  const png = await renderImage(content, content.seed, 0)
  const bytes = content.format === 'png' ? png : await sharp(png).jpeg().toBuffer()
  return { status: 200, body: bytes, headers: { 'content-type': `image/${content.format}` } }
}
