import { expect, test } from 'bun:test'
import { ModelSpec } from '@darkroom/contracts/model'
import { readAll, safeGet } from '@darkroom/infra/http/safe-get/safe-get'
import { type FakeProviderServer, startFakeProvider } from '@darkroom/infra/testing/fake-provider/fake-server'
import sharp from 'sharp'
import type { Adapter, CheckResult, ProviderOutput, ProviderRequest } from '../src/providers/adapter.ts'
import { createFakeAdapter } from './fake-adapter.ts'
import {
  BYTES_REQUEST,
  createTestAdapter,
  REQUEST,
  readFinishedOutputs,
  submitAndRead,
  submitRequest,
} from './fake-env.ts'
import { getProviderError } from './get-provider-error.ts'
import { neverAborted } from './make-call.ts'

test('accepts a submission, makes it wait, and ends with URLs of real images', async () => {
  await using fake = await startFakeProvider()
  const adapter = createTestAdapter(fake)
  fake.setBehavior({ readyOutputs: 1, lookAgainSeconds: 3 })
  const handle = await submitRequest(adapter)
  expect(await adapter.check(handle, neverAborted)).toEqual({
    kind: 'waiting',
    pollAfterSeconds: 3,
    progress: 1 / 3,
    outputs: [],
  })
  fake.setBehavior({ readyOutputs: null })
  const outputs = await readFinishedOutputs(adapter, handle)
  expect(outputs.map(({ index, kind }) => [index, kind])).toEqual(REQUEST.indices.map(index => [index, 'url']))
  const images = await Promise.all(outputs.map(output => fetchFrom(fake, output)))
  expect(new Set(images.map(image => Buffer.from(image).toString('base64'))).size).toBe(3)
  for (const image of images) {
    expect(await sharp(image, { failOn: 'warning' }).metadata()).toMatchObject({
      format: 'png',
      width: 64,
      height: 48,
    })
    await sharp(image, { failOn: 'warning' }).raw().toBuffer()
  }
})

test('sends everything to the server, references by their type, size and hash, and the idempotency key', async () => {
  await using fake = await startFakeProvider()
  const adapter = createTestAdapter(fake)
  const id = await submitRequest(adapter, { ...REQUEST, negativePrompt: 'fog', duration: 2 })
  const { references, aspectRatio: _, resolution: __, ...expected } = REQUEST
  const reference = {
    role: 'reference',
    mimeType: 'image/png',
    width: 8,
    height: 6,
    bytes: 3,
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  }
  expect(references).toHaveLength(1)
  expect(fake.requestLog.submits).toEqual([
    {
      ...expected,
      indices: [4, 5, 6],
      negativePrompt: 'fog',
      duration: 2,
      references: [reference],
      id,
      idempotencyKey: 'k',
    },
  ])
})

test('reports outputs one at a time where the provider makes them so, and the position in its queue', async () => {
  await using fake = await startFakeProvider()
  const adapter = createTestAdapter(fake)
  fake.setBehavior({ queuePosition: 4, oneAtATime: true, readyOutputs: 0 })
  const handle = await submitRequest(adapter)
  expect(await adapter.check(handle, neverAborted)).toMatchObject({
    kind: 'waiting',
    queuePosition: 4,
    outputs: [],
  })
  fake.setBehavior({ queuePosition: null })
  for (const ready of [0, 1, 2]) {
    fake.setBehavior({ readyOutputs: ready })
    const checked = await adapter.check(handle, neverAborted)
    expect(checked).toMatchObject({ kind: 'waiting', progress: ready / 3 })
    expect(getIndices(checked)).toEqual(REQUEST.indices.slice(0, ready))
  }
  fake.setBehavior({ readyOutputs: 3 })
  expect(getIndices(await adapter.check(handle, neverAborted))).toEqual([4, 5, 6])
})

test('yields each output as it is made, of a model that responds with bytes', async () => {
  await using fake = await startFakeProvider()
  fake.setBehavior({ readyOutputs: 1 })
  const progress: number[] = []
  const indices: number[] = []
  for await (const output of await submitForOutputs(createTestAdapter(fake), BYTES_REQUEST, fraction =>
    progress.push(fraction),
  )) {
    indices.push(output.index)
    fake.setBehavior({ readyOutputs: indices.length + 1 })
    if (output.kind !== 'bytes') throw new Error('expected bytes')
    expect(await sharp(output.bytes).metadata()).toMatchObject({ format: 'png', width: 64, height: 48 })
  }
  expect(indices).toEqual([4, 5, 6])
  expect(progress.map(fraction => Math.round(fraction * 3))).toEqual([1, 2, 3])
})

for (const [output, indices] of [
  ['missing', null],
  ['null', null],
  ['not-a-list', null],
  ['empty', null],
  ['fewer', [4, 5]],
  ['more', [4, 5, 6]],
  ['twice', [4]],
  ['hostile', null],
] as const) {
  test(`reads the valid outputs of an invalid list (${output})`, async () => {
    await using fake = await startFakeProvider()
    const adapter = createTestAdapter(fake)
    fake.setBehavior({ output })
    const checked = await adapter.check(await submitRequest(adapter), neverAborted)
    if (indices) return expect([checked.kind, getIndices(checked)]).toEqual(['finished', [...indices]])
    const error = expect.objectContaining({ code: 'no_outputs', failure: 'permanent' })
    expect(checked).toEqual({ kind: 'failed', error })
  })
}

test('accepts fewer outputs of bytes than requested, and fails without any', async () => {
  await using fake = await startFakeProvider()
  fake.setBehavior({ output: 'fewer' })
  const fewer = await Array.fromAsync(await submitForOutputs(createTestAdapter(fake), BYTES_REQUEST))
  expect(fewer.map(({ index }) => index)).toEqual([4, 5])
  fake.setBehavior({ output: 'empty' })
  const error = await getProviderError(async () =>
    Array.fromAsync(await submitForOutputs(createTestAdapter(fake), BYTES_REQUEST)),
  )
  expect(error).toMatchObject({ code: 'no_outputs', failure: 'permanent' })
})

for (const [code, ours, failure] of [
  ['content_refused', 'content_refused', 'permanent'],
  ['overloaded', 'provider_busy', 'retryable'],
  ['constructor', 'provider_failed', 'permanent'],
] as const) {
  test(`maps the failure ${code} of a prediction to ${ours}, ${failure}, with our own message`, async () => {
    await using fake = await startFakeProvider()
    const adapter = createTestAdapter(fake)
    fake.setBehavior({ failure: { code, message: 'SECRET' } })
    const checked = await adapter.check(await submitRequest(adapter), neverAborted)
    if (checked.kind !== 'failed') throw new Error(`expected a failure, not ${checked.kind}`)
    expect(checked.error).toMatchObject({ code: ours, failure })
    expect(checked.error.message).not.toContain('SECRET')
  })
}

test('cancels a running request, also repeatedly, and is too late after its end or where the provider says so', async () => {
  await using fake = await startFakeProvider()
  const adapter = createTestAdapter(fake)
  const done = await submitRequest(adapter)
  expect(await adapter.cancel(done, neverAborted)).toEqual({ kind: 'too-late', billed: true })
  fake.setBehavior({ readyOutputs: 0 })
  const running = await submitRequest(adapter)
  fake.setBehavior({ cancelTooLate: true })
  expect(await adapter.cancel(running, neverAborted)).toEqual({ kind: 'too-late', billed: true })
  fake.setBehavior({ cancelTooLate: false })
  expect(await adapter.cancel(running, neverAborted)).toEqual({ kind: 'cancelled', billed: false })
  expect(await adapter.cancel(running, neverAborted)).toEqual({ kind: 'cancelled', billed: false })
  expect(await adapter.check(running, neverAborted)).toMatchObject({
    kind: 'failed',
    error: { code: 'cancelled_by_provider' },
  })
  expect(fake.requestLog.cancels.map(({ status }) => status)).toEqual([
    'succeeded',
    'processing',
    'canceled',
    'canceled',
  ])
})

test('fails permanently for an unknown request, whatever its id', async () => {
  await using fake = await startFakeProvider()
  for (const id of ['gone', '../control', '?', '']) {
    expect(await getProviderError(() => createTestAdapter(fake).check(id, neverAborted))).toMatchObject({
      failure: 'permanent',
    })
  }
})

test('fails as retryable when the provider refuses the connection', async () => {
  const fake = await startFakeProvider()
  await fake[Symbol.asyncDispose]()
  expect(await getProviderError(() => submitRequest(createTestAdapter(fake)))).toMatchObject({
    code: 'provider_unreachable',
    failure: 'retryable',
  })
})

test('maps an abort to `interrupted`: retryable before anything was sent, unknown after', async () => {
  await using fake = await startFakeProvider()
  const adapter = createTestAdapter(fake)
  const submit = (request: ProviderRequest, signal: AbortSignal) =>
    getProviderError(async () => {
      const submitted = await submitAndRead(adapter, request, { signal })
      if (submitted.kind === 'outputs') await Array.fromAsync(submitted.outputs)
    })
  expect(await submit(REQUEST, AbortSignal.abort())).toMatchObject({ code: 'interrupted', failure: 'retryable' })
  expect(fake.requestLog.submits).toHaveLength(0)
  fake.setBehavior({ submit: { kind: 'hang', taken: true, times: 1 }, readyOutputs: 0 })
  for (const [count, request] of [REQUEST, BYTES_REQUEST].entries()) {
    const stop = new AbortController()
    const ended = submit(request, stop.signal)
    await fake.waitForRequests(log => log.submits.length > count)
    stop.abort()
    expect(await ended).toMatchObject({ code: 'interrupted', failure: 'unknown' })
  }
})

test('begins another prediction for a repeated submission, unless keys are recognised', async () => {
  await using fake = await startFakeProvider()
  const adapter = createTestAdapter(fake)
  const [first, second] = [await submitRequest(adapter), await submitRequest(adapter)]
  expect(second).not.toBe(first)
  fake.setBehavior({ recognisesKeys: true })
  expect([first, second]).toContain(await submitRequest(adapter))
  expect(fake.requestLog.submitsByKey).toEqual({ k: 3 })
})

test('lists valid models', async () => {
  const models = await createFakeAdapter({ url: 'http://127.0.0.1:1' }).models(neverAborted)
  expect(models.map(model => ModelSpec.parse(model).id)).toEqual([
    'fake-image',
    'fake-bytes',
    'fake-own-id',
    'fake-studio',
    'fake-video',
  ])
})

async function submitForOutputs(adapter: Adapter, request: ProviderRequest, onProgress = (_: number) => {}) {
  const submitted = await submitAndRead(adapter, request, { onProgress })
  if (submitted.kind === 'outputs') return submitted.outputs
  throw new Error(`expected outputs, not ${submitted.kind}`)
}

function getIndices(checked: CheckResult): number[] {
  return 'outputs' in checked ? checked.outputs.map(({ index }) => index) : []
}

async function fetchFrom({ url }: FakeProviderServer, output: ProviderOutput): Promise<Uint8Array> {
  if (output.kind !== 'url') throw new Error(`expected a URL, not ${output.kind}`)
  const limits = { maxBytes: 1_000_000, deadlineMs: 60_000, signal: neverAborted }
  return await readAll(await safeGet(output.url, { ...limits, allowOrigins: [url] }), neverAborted)
}
