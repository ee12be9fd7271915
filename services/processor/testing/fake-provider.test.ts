import { expect, test } from 'bun:test'
import { Model } from '@darkroom/contracts/model'
import { readAll, safeGet } from '@darkroom/infra/http/safe-get/safe-get'
import { type FakeProviderServer, startFakeProvider } from '@darkroom/infra/testing/fake-provider/fake-server'
import sharp from 'sharp'
import type { CheckResult, Provider, ProviderOutput, ProviderRequest } from '../src/providers/provider.ts'
import {
  BYTES_REQUEST,
  createTestProvider,
  getProviderError,
  neverAborted,
  REQUEST,
  readFinishedOutputs,
  submitAndRead,
  submitRequest,
} from './fake-env.ts'
import { createFakeProvider } from './fake-provider.ts'

test('accepts a submission, makes it wait, and ends with URLs of real images', async () => {
  await using fake = await startFakeProvider()
  const provider = createTestProvider(fake)
  fake.setBehavior({ readyOutputs: 1, lookAgainSeconds: 3 })
  const requestId = await submitRequest(provider)
  expect(await provider.check(requestId, neverAborted)).toEqual({
    kind: 'waiting',
    pollAfterSeconds: 3,
    progress: 1 / 3,
    outputs: [],
  })
  fake.setBehavior({ readyOutputs: null })
  const outputs = await readFinishedOutputs(provider, requestId)
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
  const provider = createTestProvider(fake)
  const id = await submitRequest(provider, { ...REQUEST, negativePrompt: 'fog', duration: 2 })
  const { references, ...expected } = REQUEST
  const reference = {
    mimeType: 'image/png',
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
  const provider = createTestProvider(fake)
  fake.setBehavior({ queuePosition: 4, oneAtATime: true, readyOutputs: 0 })
  const requestId = await submitRequest(provider)
  expect(await provider.check(requestId, neverAborted)).toMatchObject({
    kind: 'waiting',
    queuePosition: 4,
    outputs: [],
  })
  fake.setBehavior({ queuePosition: null })
  for (const ready of [0, 1, 2]) {
    fake.setBehavior({ readyOutputs: ready })
    const checked = await provider.check(requestId, neverAborted)
    expect(checked).toMatchObject({ kind: 'waiting', progress: ready / 3 })
    expect(getIndices(checked)).toEqual(REQUEST.indices.slice(0, ready))
  }
  fake.setBehavior({ readyOutputs: 3 })
  expect(getIndices(await provider.check(requestId, neverAborted))).toEqual([4, 5, 6])
})

test('yields each output as it is made, of a model that responds with bytes', async () => {
  await using fake = await startFakeProvider()
  fake.setBehavior({ readyOutputs: 1 })
  const progress: number[] = []
  const indices: number[] = []
  for await (const output of await submitForOutputs(createTestProvider(fake), BYTES_REQUEST, fraction =>
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
    const provider = createTestProvider(fake)
    fake.setBehavior({ output })
    const checked = await provider.check(await submitRequest(provider), neverAborted)
    if (indices) return expect([checked.kind, getIndices(checked)]).toEqual(['finished', [...indices]])
    const error = expect.objectContaining({ code: 'no_outputs', failure: 'permanent' })
    expect(checked).toEqual({ kind: 'failed', error })
  })
}

test('accepts fewer outputs of bytes than requested, and fails without any', async () => {
  await using fake = await startFakeProvider()
  fake.setBehavior({ output: 'fewer' })
  const fewer = await Array.fromAsync(await submitForOutputs(createTestProvider(fake), BYTES_REQUEST))
  expect(fewer.map(({ index }) => index)).toEqual([4, 5])
  fake.setBehavior({ output: 'empty' })
  const error = await getProviderError(async () =>
    Array.fromAsync(await submitForOutputs(createTestProvider(fake), BYTES_REQUEST)),
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
    const provider = createTestProvider(fake)
    fake.setBehavior({ failure: { code, message: 'SECRET' } })
    const checked = await provider.check(await submitRequest(provider), neverAborted)
    if (checked.kind !== 'failed') throw new Error(`expected a failure, not ${checked.kind}`)
    expect(checked.error).toMatchObject({ code: ours, failure })
    expect(checked.error.message).not.toContain('SECRET')
  })
}

test('cancels a running request, also repeatedly, and is too late after its end or where the provider says so', async () => {
  await using fake = await startFakeProvider()
  const provider = createTestProvider(fake)
  const done = await submitRequest(provider)
  expect(await provider.cancel(done, neverAborted)).toBe('too-late')
  fake.setBehavior({ readyOutputs: 0 })
  const running = await submitRequest(provider)
  fake.setBehavior({ cancelTooLate: true })
  expect(await provider.cancel(running, neverAborted)).toBe('too-late')
  fake.setBehavior({ cancelTooLate: false })
  expect(await provider.cancel(running, neverAborted)).toBe('cancelled')
  expect(await provider.cancel(running, neverAborted)).toBe('cancelled')
  expect(await provider.check(running, neverAborted)).toMatchObject({
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
    expect(await getProviderError(() => createTestProvider(fake).check(id, neverAborted))).toMatchObject({
      failure: 'permanent',
    })
  }
})

test('fails as retryable when the provider refuses the connection', async () => {
  const fake = await startFakeProvider()
  await fake[Symbol.asyncDispose]()
  expect(await getProviderError(() => submitRequest(createTestProvider(fake)))).toMatchObject({
    code: 'provider_unreachable',
    failure: 'retryable',
  })
})

test('maps an abort to `interrupted`: retryable before anything was sent, unknown after', async () => {
  await using fake = await startFakeProvider()
  const provider = createTestProvider(fake)
  const submit = (request: ProviderRequest, signal: AbortSignal) =>
    getProviderError(async () => {
      const submitted = await submitAndRead(provider, request, { signal })
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
  const provider = createTestProvider(fake)
  const [first, second] = [await submitRequest(provider), await submitRequest(provider)]
  expect(second).not.toBe(first)
  fake.setBehavior({ recognisesKeys: true })
  expect([first, second]).toContain(await submitRequest(provider))
  expect(fake.requestLog.submitsByKey).toEqual({ k: 3 })
})

test('lists valid models', async () => {
  const models = await createFakeProvider({ url: 'http://127.0.0.1:1' }).models(neverAborted)
  expect(models.map(model => Model.parse(model).id)).toEqual(['fake-image', 'fake-bytes'])
})

async function submitForOutputs(provider: Provider, request: ProviderRequest, onProgress = (_: number) => {}) {
  const submitted = await submitAndRead(provider, request, { onProgress })
  if (submitted.kind === 'outputs') return submitted.outputs
  throw new Error(`expected outputs, not ${submitted.kind}`)
}

function getIndices(checked: CheckResult): number[] {
  return checked.kind === 'failed' ? [] : checked.outputs.map(({ index }) => index)
}

async function fetchFrom({ url }: FakeProviderServer, output: ProviderOutput): Promise<Uint8Array> {
  if (output.kind !== 'url') throw new Error(`expected a URL, not ${output.kind}`)
  const limits = { maxBytes: 1_000_000, deadlineMs: 5_000, signal: neverAborted }
  return await readAll(await safeGet(output.url, { ...limits, allowOrigins: [url] }), neverAborted)
}
