import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import sharp from 'sharp'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { startProxy, type TcpProxy } from '../../testing/net-proxy.ts'
import {
  type FaultProxy,
  type ProxiedRequest,
  type RequestInterceptor,
  startFaultProxy,
  withBody,
} from '../../testing/s3/fault-proxy.ts'
import { s3ErrorResponse } from '../../testing/s3/s3-responses.ts'
import { createS3Env, createTestBucket, startS3Server } from '../../testing/s3/s3-server.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { createImageDraft } from './load.ts'
import { generate, listOutputStates } from './stack-actions.ts'

/** A store that is unreachable, slow, overloaded, a black hole, or stores half of what it confirms. */

const forwardUnchanged: RequestInterceptor = (request, forward) => forward(request)

const disposables = new AsyncDisposableStack()
let stack: TestStack
let networkProxy: TcpProxy
let faultProxy: FaultProxy

beforeAll(async () => {
  const s3rver = disposables.use(await startS3Server('s3rver'))
  const bucket = disposables.use(await createTestBucket(s3rver.endpoint))
  faultProxy = disposables.use(startFaultProxy(s3rver.endpoint))
  networkProxy = disposables.use(await startProxy(Number(new URL(faultProxy.endpoint.endpoint).port)))
  const env = createS3Env(bucket.options, new URL(networkProxy.urlThrough(faultProxy.endpoint.endpoint)).origin)
  stack = disposables.use(await startTestStack({ env, store: bucket.store }))
})
afterEach(async () => {
  faultProxy.intercept = forwardUnchanged
  networkProxy.setFault({ kind: 'none' })
  await stack.clearFaults()
})
afterAll(() => disposables.disposeAsync())

test('F23: without a store images are refused, and outputs are shown from their provider until they are stored', async () => {
  networkProxy.setFault({ kind: 'reset' })
  const before = await countRows()
  const png = await createRedImage()
  const form = new FormData()
  form.append('file', new Blob([png]), 'red.png')
  const dataUrl = `data:image/png;base64,${png.toBase64()}`
  const body = JSON.stringify({ ...createImageDraft('with an image'), referenceImages: [dataUrl] })
  const refused = await Promise.all([
    stack.client.fetch('/api/references', { method: 'POST', body: form }),
    stack.client.fetch('/api/generate', { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
  ])
  expect(refused.map(({ status, headers }) => [status, headers.has('retry-after')])).toEqual([
    [503, true],
    [503, true],
  ])
  expect(await countRows()).toEqual(before)
  const made = await generate(stack.client, 'while the store is away')
  expect([made.status, listOutputStates(made)]).toEqual(['completed', ['temporary', 'temporary']])
  expect((await stack.client.fetch(made.outputs[0]?.url ?? '')).status).toBe(200)
  networkProxy.setFault({ kind: 'none' })
  await waitUntilStored(made.id)
  await stack.client.uploadReference(png)
  expect(await checkInvariants(stack)).toEqual([])
})

test('F24: everything is stored although the store is overloaded, slow or a black hole for a while', async () => {
  faultProxy.intercept = (request, forward) =>
    Math.random() < 0.3 ? Promise.resolve(s3ErrorResponse(503, 'SlowDown')) : forward(request)
  const overloaded = await Promise.all([1, 2, 3, 4].map(at => generate(stack.client, `overloaded ${at}`)))
  faultProxy.intercept = async (request, forward) => {
    await Bun.sleep(2_500)
    return await forward(request)
  }
  const slow = await generate(stack.client, 'slow')
  faultProxy.intercept = forwardUnchanged
  networkProxy.setFault({ kind: 'black-hole' })
  const lost = await stack.client.submit(createImageDraft('into a black hole'))
  await stack.fake.waitForRequests(({ submits }) => submits.some(({ prompt }) => prompt === 'into a black hole'))
  await Bun.sleep(2_500)
  networkProxy.setFault({ kind: 'none' })
  for (const { id } of [...overloaded, slow, lost]) await waitUntilStored(id)
  expect(await checkInvariants(stack)).toEqual([])
})

test('F25: detects a store that confirms an object and has half of it', async () => {
  const truncated = new Set<string>()
  faultProxy.intercept = async (request, forward) => {
    if (request.method !== 'PUT' || truncated.has(request.path)) return await forward(request)
    truncated.add(request.path)
    return await forward(withBody(request, request.body.slice(0, request.body.byteLength >> 1)))
  }
  const made = await generate(stack.client, 'cut in half')
  expect([made.status, listOutputStates(made)]).toEqual(['completed', ['stored', 'stored']])
  expect(truncated.size).toBeGreaterThanOrEqual(6)
  expect(await checkInvariants(stack)).toEqual([])
})

test('F27: outputs that cannot be stored stay at their provider, or wait for the store if they came as bytes', async () => {
  faultProxy.intercept = async (request, forward) =>
    isPutOf(request, 1) ? s3ErrorResponse(500, 'InternalError') : await forward(request)
  const one = await generate(stack.client, 'one cannot be stored', { numOutputs: 4 })
  expect([one.status, listOutputStates(one)]).toEqual(['completed', ['stored', 'temporary', 'stored', 'stored']])
  faultProxy.intercept = async (request, forward) =>
    request.method === 'PUT' ? s3ErrorResponse(500, 'InternalError') : await forward(request)
  const none = await generate(stack.client, 'none can be stored')
  expect([none.status, listOutputStates(none)]).toEqual(['completed', ['temporary', 'temporary']])
  const { id } = await stack.client.submit({
    ...createImageDraft('bytes that cannot be stored yet'),
    model: 'fake-bytes',
  })
  await stack.fake.waitForRequests(({ answers }) =>
    answers.some(({ idempotencyKey, endedAt }) => idempotencyKey?.startsWith(id) && endedAt !== null),
  )
  faultProxy.intercept = forwardUnchanged
  const bytes = await stack.client.waitForGeneration(id, isFinished)
  expect([bytes.status, listOutputStates(bytes)]).toEqual(['completed', ['stored', 'stored']])
  for (const { id } of [one, none]) await waitUntilStored(id)
  expect(await checkInvariants(stack)).toEqual([])
})

/** Waits until every output is stored. Outputs that are still at the provider are tried at once. */
async function waitUntilStored(id: string): Promise<void> {
  await stack.client.waitForGeneration(id, isFinished)
  await stack.sql`update rehosts set next_try_at = now() where generation_id = ${id}`
  const made = await stack.client.waitForGeneration(id, ({ outputs }) =>
    outputs.every(({ state }) => state === 'stored'),
  )
  expect(made.status).toBe('completed')
}

async function countRows(): Promise<unknown> {
  const [counted] = await stack.sql`
    select (select count(*) from generations) as generations, (select count(*) from reference_images) as "references"`
  return counted
}

function isPutOf({ method, path }: ProxiedRequest, index: number): boolean {
  return method === 'PUT' && new RegExp(`/[\\d-]+/${index}\\.png`).test(path)
}

async function createRedImage(): Promise<Uint8Array<ArrayBuffer>> {
  const image = sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
  return new Uint8Array(await image.png().toBuffer())
}
