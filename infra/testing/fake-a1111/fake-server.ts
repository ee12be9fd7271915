import { renderImage } from '../fake-provider/image.ts'
import type { WireFake } from '../provider-fakes/wire-fake.ts'
import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import { startWireServer, type WireExchange } from '../provider-fakes/wire-server.ts'
import { type A1111Flavour, CHECKPOINTS, createList, type FakeCheckpoint, isCheckpoint, toModelName } from './lists.ts'
import { readSubmission, type Work } from './submission.ts'
import { createTasks, type FakeTasks } from './tasks.ts'

export interface FakeA1111 extends WireFake {
  readonly tasks: FakeTasks
  /** Sets the time that a task takes, in ms. */
  setWork(milliseconds: number): void
  /** Sets the checkpoints that it has. */
  setCheckpoints(checkpoints: readonly FakeCheckpoint[]): void
}

export interface FakeA1111Options {
  /** `user:password`, as with `--api-auth`, or the token of a proxy. */
  key?: string
  /** SD.Next knows no tasks of the API; `old` is A1111 before 1.9. */
  flavour?: A1111Flavour
  /** Whether it was started with `--nowebui`: without the routes of its page. */
  isWithoutPage?: boolean
  port?: number
}

interface State {
  flavour: A1111Flavour
  hasPage: boolean
  checkpoints: readonly FakeCheckpoint[]
  tasks: FakeTasks
  workMs: number
}

const SUBMISSION = /^\/sdapi\/v1\/(txt2img|img2img|extra-single-image)$/
/** The words of FastAPI for a path that is not there. */
const NOT_FOUND: WireAnswer = { status: 404, body: { detail: 'Not Found' } }

/**
 * Starts a fake of the API of A1111, from `modules/api/api.py` and `modules/progress.py` of AUTOMATIC1111/stable-diffusion-webui, and of
 * vladmandic/sdnext [S].
 */
export async function startFakeA1111(options: FakeA1111Options = {}): Promise<FakeA1111> {
  const { key = 'user:password-of-the-api', flavour = 'a1111', isWithoutPage = false, port = 0 } = options
  const authorization = key.includes(':') ? `Basic ${Buffer.from(key).toString('base64')}` : `Bearer ${key}`
  const hasPage = !isWithoutPage
  const state: State = { flavour, hasPage, checkpoints: CHECKPOINTS, tasks: createTasks(), workMs: 0 }
  const fake = await startWireServer(
    {
      prefix: '',
      key,
      faults: ['api-off', 'out-of-memory', 'sheet', 'without-info', 'reference-refused'],
      isAuthorized: headers => headers.authorization === authorization,
      isSubmission: ({ method, path }) => method === 'POST' && SUBMISSION.test(path),
      refusals: REFUSALS,
      answer: exchange => answer(state, exchange),
    },
    { port },
  )
  return {
    ...fake,
    tasks: state.tasks,
    setWork: milliseconds => {
      state.workMs = milliseconds
    },
    setCheckpoints: checkpoints => {
      state.checkpoints = checkpoints
    },
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

const REFUSALS: Record<string, (key: string) => WireAnswer> = {
  'rate-limited': () => ({ status: 429, body: { detail: 'Too many requests' } }),
  'rate-limited-until': () => ({ status: 429, body: { detail: 'Too many requests' }, headers: { 'retry-after': '7' } }),
  'no-credit': () => ({ status: 402, body: { detail: 'No credit is left' } }),
  // [S api.py, auth]
  'wrong-key': () => ({ status: 401, body: { detail: 'Incorrect username or password' } }),
  'no-permission': () => ({ status: 403, body: { detail: 'Forbidden' } }),
  unavailable: () => ({ status: 503, body: { detail: 'The server is away' } }),
  'echo-key': key => ({
    status: 422,
    body: { detail: `Basic ${Buffer.from(key).toString('base64')} makes no sense here` },
  }),
  'api-off': () => NOT_FOUND,
}

/** Answers to a submission, by fault. The server knows no rules for content: what it does not take has one answer. */
const FAULT_ANSWERS: Record<string, WireAnswer> = {
  'content-refused': { status: 422, body: { detail: 'Script was not found' } },
  'setting-refused': { status: 404, body: { detail: 'Sampler not found' } },
  'model-gone': { status: 404, body: { detail: 'Model not found' } },
  // [S api.py, handle_exception]
  'out-of-memory': {
    status: 500,
    body: { error: 'OutOfMemoryError', detail: '', body: '', errors: 'CUDA out of memory. Tried to allocate 20 GiB' },
  },
  'empty-answer': { status: 200, body: { images: [], parameters: {}, info: '' } },
  'wrong-shape': { status: 200, body: { pictures: 1 } },
}

async function answer(state: State, exchange: WireExchange): Promise<WireAnswer> {
  const { method, path, body } = exchange
  const [, name] = SUBMISSION.exec(path) ?? []
  if (method === 'POST' && name !== undefined) return await submit(state, exchange, name)
  if (method === 'POST' && path === '/internal/progress' && state.hasPage)
    return { status: 200, body: await state.tasks.describe(JSON.parse(body.toString())) }
  // [S api.py, interruptapi] it stops whatever runs.
  if (method === 'POST' && path === '/sdapi/v1/interrupt') {
    state.tasks.interrupt()
    return { status: 200, body: {} }
  }
  if (method === 'GET' && path === '/sdapi/v1/progress')
    return { status: 200, body: await state.tasks.describeCurrent() }
  const list = method === 'GET' ? createList(path, state.flavour, state.checkpoints) : undefined
  return list ? { status: 200, body: list } : NOT_FOUND
}

async function submit(state: State, { body, fault }: WireExchange, name: string): Promise<WireAnswer> {
  const refusal = FAULT_ANSWERS[fault ?? '']
  if (refusal) return refusal
  const work = await readSubmission(name, body)
  if ('refusal' in work) return work.refusal
  await state.tasks.run(state.flavour === 'sdnext' ? undefined : work.taskId, state.workMs)
  return { status: 200, body: await createAnswer(state, work, fault) }
}

async function createAnswer(state: State, work: Work, fault: string | null): Promise<Record<string, unknown>> {
  const { width, height, count, seed, isExtras } = work
  const render = async (index: number) => (await renderImage({ width, height }, seed, index)).toString('base64')
  if (isExtras) return { html_info: '<div></div>', image: await render(0) }
  const images = await Promise.all(Array.from({ length: count }, (_, index) => render(index)))
  // [S processing.py] a checkpoint that it does not have is left out, and the one that is loaded is used.
  const found = state.checkpoints.find(checkpoint => isCheckpoint(checkpoint, work.checkpoint))
  const [loaded] = state.checkpoints
  const sheet = fault === 'sheet' || fault === 'wrong-count' ? [await renderSheet()] : []
  const info = {
    ...{ seed, all_seeds: images.map((_, index) => seed + index), width, height },
    sd_model_name: found || loaded ? toModelName(found ?? loaded ?? { file: '', hash: null }) : null,
    index_of_first_image: sheet.length,
  }
  return {
    images: [...sheet, ...images],
    parameters: { init_images: null, mask: null, alwayson_scripts: {} },
    info: fault === 'without-info' ? '' : JSON.stringify(info),
  }
}

/** Renders a sheet of all images, which is no image of the request. */
async function renderSheet(): Promise<string> {
  return (await renderImage({ width: 32, height: 32 }, 1, 1)).toString('base64')
}
