import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { Generation } from '@darkroom/contracts/generation'
import { openDatabase } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { readGeneration } from '@darkroom/infra/generations/generations'
import { createLog } from '@darkroom/infra/log'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { openDiskStore } from '@darkroom/infra/store/disk'
import type { Store } from '@darkroom/infra/store/store'
import { type FakeProviderServer, startFakeProvider } from '@darkroom/infra/testing/fake-provider/fake-server'
import { renderImage } from '@darkroom/infra/testing/fake-provider/image'
import { openTestDecoder } from '@darkroom/infra/testing/test-decoder'
import { createTestDatabase, createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { createTestAdapter, REQUEST, readFinishedOutputs, submitRequest } from '../../testing/fake-env.ts'
import { neverAborted } from '../../testing/make-call.ts'
import { readJob } from '../queue/job-rows.ts'
import type { Lease } from '../queue/lease.ts'
import { insertQueuedGeneration } from '../queue/queued.fixture.ts'
import type { DownloadableOutput } from './download.ts'
import { createFirstFrameFinder } from './first-frame.ts'
import { recordOutput } from './output-rows.ts'
import { openSpool } from './spool.ts'
import { type UploadDeps, uploadOutput } from './upload.ts'

const MB = 1_000_000
const WORKSPACE = crypto.randomUUID()
const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
let database: ReturnType<typeof openDatabase>
let fake: FakeProviderServer
let deps: UploadDeps & { store: Store }

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  const { path } = stack.use(await createTestDirectory())
  fake = stack.use(await startFakeProvider())
  database = openDatabase({ url, name: 'test', log })
  stack.defer(() => database.end({ timeout: 1 }))
  const store = await openDiskStore({ root: `${path}/objects` })
  const spool = await openSpool({ directory: `${path}/spool` })
  const limits = {
    deadlineMs: 60_000,
    idleTimeoutMs: 60_000,
    maxBufferedBytes: 8 * MB,
    image: { bytes: 20 * MB, pixels: 20 * MB },
    videoBytes: 20 * MB,
  }
  const images = stack.use(openTestDecoder())
  deps = { store, images, log, allowOrigins: [fake.url], budget: createByteBudget(64 * MB), spool, limits }
})
afterAll(() => stack.disposeAsync())
beforeEach(() => fake.reset())

test('stores the other outputs when one of four fails, large and small, images and videos', async () => {
  for (const look of [
    { fileType: 'png', fileBytes: 0 },
    { fileType: 'mp4', fileBytes: 10 * MB },
    { fileType: 'webm', fileBytes: 1 },
  ] as const) {
    fake.setBehavior({ ...look, files: { 1: { kind: 'truncated' } } })
    const { outputs } = await uploadAll(4)
    expect(outputs.map(({ state }) => state)).toEqual(['stored', 'temporary', 'stored', 'stored'])
  }
})

test('records the metadata of a stored video, which has no preview without a poster', async () => {
  fake.setBehavior({ fileType: 'mp4', fileBytes: 10 * MB })
  const [output] = (await uploadAll(1)).outputs
  expect(output).toMatchObject({ kind: 'video', state: 'stored', mimeType: 'video/mp4', width: 64, height: 48 })
  expect(output).toMatchObject({ duration: 4, previewUrl: null, placeholder: null, error: null })
  expect(output?.url).toEndWith('.mp4')
  expect(output?.bytes).toBeGreaterThan(9 * MB)
})

test('a video that is stored with a poster has its previews, and its placeholder', async () => {
  fake.setBehavior({ fileType: 'mp4' })
  const frames = { readFirst: () => renderImage({ width: 64, height: 48 }, 1, 0) }
  const { id, outputs } = await uploadAll(1, { ...deps, frames })
  const [output] = outputs
  expect(output).toMatchObject({ kind: 'video', state: 'stored', mimeType: 'video/mp4', duration: 4 })
  expect(output?.previewUrl).toBe(output?.url?.replace('.mp4', '.w960.webp') ?? '')
  expect(output?.placeholder).toBeString()
  const keys = (await Array.fromAsync(deps.store.list(`w/${WORKSPACE}/gen/${id}`))).map(({ key }) => key)
  expect(keys.map(key => key.slice(key.lastIndexOf('/'))).toSorted()).toEqual([
    '/0.mp4',
    '/0.w320.webp',
    '/0.w960.webp',
  ])
})

test('without ffmpeg the image that the provider names becomes the poster, and its URL is in the row', async () => {
  fake.setBehavior({ fileType: 'mp4', hasPosters: true })
  const { id, outputs } = await uploadAll(1)
  expect(outputs[0]?.previewUrl).toEndWith('.w960.webp')
  const rows = await database`select poster_url as url from generation_outputs where generation_id = ${id}`
  expect(rows).toMatchObject([{ url: expect.stringMatching(/\/posters\/.+\.png$/) }])
})

test('a poster whose URL cannot be stored fails no output', async () => {
  fake.setBehavior({ fileType: 'mp4' })
  for (const posterUrl of ['no url', `https://a.example/${'x'.repeat(3_000)}`, 'https://a.example/\0']) {
    const make = async (count: number) => (await generateWithFake(count)).map(output => ({ ...output, posterUrl }))
    expect((await uploadAll(1, deps, make)).outputs[0]).toMatchObject({ state: 'stored', previewUrl: null })
  }
})

test('without ffmpeg the first-frame image of a video, or the source of it, becomes its poster', async () => {
  fake.setBehavior({ fileType: 'mp4' })
  const using = { ...deps, findFirstFrame: createFirstFrameFinder({ database, store: deps.store }) }
  for (const [role, hasPoster] of [
    ['first-frame', true],
    ['source', true],
    ['last-frame', false],
  ] as const) {
    const [output] = (await uploadAll(1, using, generateWithFake, undefined, role)).outputs
    expect([output?.state, output?.previewUrl !== null]).toEqual(['stored', hasPoster])
  }
})

test('makes all outputs temporary when all uploads fail, with nothing in the store', async () => {
  fake.setBehavior({ fileType: 'mp4', fileBytes: 10 * MB, files: { '*': { kind: 'status' } } })
  const generation = await uploadAll(4)
  expect(generation.outputs.map(({ state, url }) => [state, url])).toEqual(
    [0, 1, 2, 3].map(index => ['temporary', `/media/remote/${generation.id}/${index}`]),
  )
  expect(await Array.fromAsync(deps.store.list(`w/${WORKSPACE}/gen/${generation.id}`))).toEqual([])
  expect(await readFromCall(generation.id)).toEqual([true, true, true, true])
})

test('makes an output temporary without an error when it is larger than the limits', async () => {
  for (const fileType of ['png', 'mp4', 'webm'] as const) {
    fake.reset()
    fake.setBehavior({ fileType, fileBytes: 30 * MB })
    const [output] = (await uploadAll(1)).outputs
    expect(output).toMatchObject({ state: 'temporary', error: null })
    expect(fake.requestLog.files.length).toBeLessThanOrEqual(1)
  }
})

/** Number of requests for a file, and the state of its output, by fault. */
const TRIES = [
  [{ kind: 'status', status: 503, times: 1 }, 2, 'stored'],
  [{ kind: 'status', status: 429, times: 2 }, 3, 'stored'],
  [{ kind: 'truncated', times: 1 }, 2, 'stored'],
  [{ kind: 'cut-in-chunks', times: 1 }, 2, 'stored'],
  [{ kind: 'cut-without-length', times: 1 }, 2, 'stored'],
  [{ kind: 'status', status: 500 }, 3, 'temporary'],
  [{ kind: 'status', status: 404 }, 1, 'temporary'],
  [{ kind: 'html' }, 1, 'temporary'],
  [{ kind: 'redirect' }, 1, 'temporary'],
] as const

for (const [fault, requests, state] of TRIES) {
  test(`a file with ${JSON.stringify(fault)} is requested ${requests} times and then ${state}`, async () => {
    fake.setBehavior({ fileBytes: 9 * MB, files: { '*': fault } })
    expect((await uploadAll(1)).outputs[0]?.state).toBe(state)
    expect(fake.requestLog.files).toHaveLength(requests)
  })
}

test('does not retry when the store is down, and fails outputs that came as bytes', async () => {
  let puts = 0
  const put = async () => {
    puts += 1
    throw new Error('down')
  }
  const down = { ...deps, store: { ...deps.store, put } }
  expect((await uploadAll(1, down)).outputs[0]?.state).toBe('temporary')
  expect(fake.requestLog.files).toHaveLength(1)
  expect(puts).toBe(3)
  const bytes = new Uint8Array(10)
  const makeBytes = async () => [{ index: 0, kind: 'bytes', bytes, mimeType: 'image/png' } as const]
  expect((await uploadAll(1, down, makeBytes)).outputs[0]).toMatchObject({
    state: 'failed',
    error: { code: 'not_stored' },
  })
})

test('retries only the row of an output that was stored but not recorded', async () => {
  let writes = 0
  const write: Write = work => {
    writes += 1
    return writes < 3 ? Promise.reject(new Error('the database is away')) : transaction(database, work)
  }
  expect((await uploadAll(1, deps, generateWithFake, write)).outputs[0]?.state).toBe('stored')
  expect([writes, fake.requestLog.files.length]).toEqual([3, 1])
})

type Write = Lease['write']

/** Records and uploads the outputs of a new generation. @returns it once each upload has ended */
async function uploadAll(
  count: number,
  using: UploadDeps = deps,
  make = generateWithFake,
  write: Write = work => transaction(database, work),
  inputRole?: string,
): Promise<Generation> {
  const id = await insertQueuedGeneration(database, { workspaceId: WORKSPACE, outputs: count })
  if (inputRole !== undefined) await insertInput(id, inputRole)
  const job = await transaction(database, tx => readJob(tx, id))
  if (!job) throw new Error(`generation ${id} has no job`)
  const lease = { signal: neverAborted, signalWithGrace: () => neverAborted, write }
  const outputs = await make(count)
  await transaction(database, async tx => {
    for (const output of outputs) await recordOutput(tx, job, output)
  })
  await Promise.all(outputs.map(output => uploadOutput(using, job, lease, output)))
  return Generation.parse(JSON.parse((await readGeneration(database, { id, workspaceId: WORKSPACE })) ?? 'null'))
}

/** Gives a generation an input image of a role. */
async function insertInput(id: string, role: string): Promise<void> {
  const [image, key] = [
    await renderImage({ width: 64, height: 64 }, 2, 0),
    `w/${WORKSPACE}/ref/${crypto.randomUUID()}.png`,
  ]
  await deps.store.put(key, image, { signal: neverAborted })
  const [row] = await database<{ id: string }[]>`
    insert into reference_images (id, workspace_id, sha256, key, mime_type, bytes, width, height)
    values (gen_random_uuid(), ${WORKSPACE}, decode(${key.replaceAll(/[^0-9a-f]/g, '').slice(0, 40)}, 'hex'), ${key}, 'image/png',
            ${image.byteLength}, 64, 64) returning id`
  await database`
    insert into generation_references (workspace_id, generation_id, position, reference_id, role)
    values (${WORKSPACE}, ${id}, 0, ${row?.id ?? null}, ${role})`
}

/** Reads of each output whether its URL is one that a call was answered with. */
async function readFromCall(id: string): Promise<boolean[]> {
  const rows = await database<{ isFromCall: boolean }[]>`
    select from_call as "isFromCall" from generation_outputs where generation_id = ${id} order by index`
  return rows.map(({ isFromCall }) => isFromCall)
}

async function generateWithFake(count: number): Promise<DownloadableOutput[]> {
  const adapter = createTestAdapter(fake)
  const indices = Array.from({ length: count }, (_, index) => index)
  return await readFinishedOutputs(adapter, await submitRequest(adapter, { ...REQUEST, indices }))
}
