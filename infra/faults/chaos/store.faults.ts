import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import sharp from 'sharp'
import { violations } from '../../testing/invariants/check-invariants.ts'
import { isOver } from '../../testing/invariants/client.ts'
import { startProxy, type TcpProxy } from '../../testing/net-proxy.ts'
import {
  type Fault,
  type FaultProxy,
  type PassedRequest,
  refusal,
  startFaultProxy,
  startS3rver,
  testBucket,
  withBody,
} from '../../testing/s3/s3-server.ts'
import { type Stage, startStage } from '../../testing/studio/test-stack.ts'
import { picture } from './load.ts'

/** A store that is away, slow, overloaded, a black hole, or lies about what it has. */

const LIMIT_MS = 150_000
const pass: Fault = (request, pass) => pass(request)

const closing = new AsyncDisposableStack()
let stage: Stage
let line: TcpProxy
let proxy: FaultProxy

beforeAll(async () => {
  const s3rver = closing.use(await startS3rver())
  const bucket = closing.use(await testBucket(s3rver.endpoint))
  proxy = closing.use(startFaultProxy(s3rver.endpoint))
  line = closing.use(await startProxy(Number(new URL(proxy.endpoint.endpoint).port)))
  const env = {
    S3_ENDPOINT: new URL(line.through(proxy.endpoint.endpoint)).origin,
    S3_BUCKET: bucket.options.bucket,
    S3_ACCESS_KEY_ID: bucket.options.accessKeyId,
    S3_SECRET_ACCESS_KEY: bucket.options.secretAccessKey,
  }
  stage = closing.use(await startStage({ env, store: bucket.store }))
}, LIMIT_MS)
afterEach(async () => {
  proxy.fault = pass
  line.set({ kind: 'none' })
  await stage.heal()
}, LIMIT_MS)
afterAll(() => closing.disposeAsync(), LIMIT_MS)

test(
  'F23: without a store nothing with a picture is taken, and what is made is shown from its provider until it is stored',
  async () => {
    line.set({ kind: 'reset' })
    const before = await rows()
    const png = await red()
    const form = new FormData()
    form.append('file', new Blob([png]), 'red.png')
    const dataUrl = `data:image/png;base64,${png.toBase64()}`
    const body = JSON.stringify({ ...picture('with a picture'), referenceImages: [dataUrl] })
    const refused = await Promise.all([
      stage.client.fetch('/api/references', { method: 'POST', body: form }),
      stage.client.fetch('/api/generate', { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
    ])
    expect(refused.map(({ status, headers }) => [status, headers.has('retry-after')])).toEqual([
      [503, true],
      [503, true],
    ])
    expect(await rows()).toEqual(before)
    const made = await make('while the store is away')
    expect([made.status, statesOf(made)]).toEqual(['completed', ['temporary', 'temporary']])
    expect((await stage.client.fetch(made.outputs[0]?.url ?? '')).status).toBe(200)
    line.set({ kind: 'none' })
    await isBroughtHome(made.id)
    await stage.client.sendReference(png)
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'F24: a store that is overloaded now and then, slow, or a black hole for a while gets everything in the end',
  async () => {
    proxy.fault = (request, pass) => (Math.random() < 0.3 ? Promise.resolve(refusal(503, 'SlowDown')) : pass(request))
    const overloaded = await Promise.all([1, 2, 3, 4].map(at => make(`overloaded ${at}`)))
    proxy.fault = async (request, pass) => {
      await Bun.sleep(2_500)
      return await pass(request)
    }
    const slow = await make('slow')
    proxy.fault = pass
    line.set({ kind: 'black-hole' })
    const lost = await stage.client.submit(picture('into a black hole'))
    await stage.fake.until(({ submits }) => submits.some(({ prompt }) => prompt === 'into a black hole'))
    await Bun.sleep(2_500)
    line.set({ kind: 'none' })
    for (const { id } of [...overloaded, slow, lost]) await isBroughtHome(id)
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'F25: a store that says that it has it all and has half is found out',
  async () => {
    const met = new Set<string>()
    proxy.fault = async (request, pass) => {
      if (request.method !== 'PUT' || met.has(request.path)) return await pass(request)
      met.add(request.path)
      return await pass(withBody(request, request.body.slice(0, request.body.byteLength >> 1)))
    }
    const made = await make('cut in half')
    expect([made.status, statesOf(made)]).toEqual(['completed', ['stored', 'stored']])
    expect(met.size).toBeGreaterThanOrEqual(6)
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'F27: of several outputs those that cannot be stored wait at their provider, and the others stand',
  async () => {
    proxy.fault = async (request, pass) => (isPutOf(request, 1) ? refusal(500, 'InternalError') : await pass(request))
    const one = await make('one cannot be stored', { numOutputs: 4 })
    expect([one.status, statesOf(one)]).toEqual(['completed', ['stored', 'temporary', 'stored', 'stored']])
    proxy.fault = async (request, pass) =>
      request.method === 'PUT' ? refusal(500, 'InternalError') : await pass(request)
    const none = await make('none can be stored')
    expect([none.status, statesOf(none)]).toEqual(['completed', ['temporary', 'temporary']])
    const { id } = await stage.client.submit({ ...picture('bytes that cannot be stored'), model: 'fake-bytes' })
    const bytes = await stage.client.until(id, isOver)
    expect([bytes.status, bytes.error?.code]).toEqual(['failed', 'not_stored'])
    proxy.fault = pass
    for (const { id } of [one, none]) await isBroughtHome(id)
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

async function make(prompt: string, parameters: Record<string, unknown> = {}): Promise<Generation> {
  const { id } = await stage.client.submit(picture(prompt, parameters))
  return await stage.client.until(id, isOver)
}

/** Waits until every output is stored; what is left at the provider is tried for at once. */
async function isBroughtHome(id: string): Promise<void> {
  await stage.client.until(id, isOver)
  await stage.sql`update rehosts set next_try_at = now() where generation_id = ${id}`
  const made = await stage.client.until(id, ({ outputs }) => outputs.every(({ state }) => state === 'stored'))
  expect(made.status).toBe('completed')
}

async function rows(): Promise<unknown> {
  const [counted] = await stage.sql`
    select (select count(*) from generations) as generations, (select count(*) from reference_images) as "references"`
  return counted
}

function isPutOf({ method, path }: PassedRequest, index: number): boolean {
  return method === 'PUT' && new RegExp(`/\\d+/${index}\\.png`).test(path)
}

function statesOf({ outputs }: Generation): string[] {
  return outputs.map(({ state }) => state)
}

async function red(): Promise<Uint8Array<ArrayBuffer>> {
  const image = sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
  return new Uint8Array(await image.png().toBuffer())
}
