import { expect, test } from 'bun:test'
import { Model } from '@darkroom/contracts/model'
import { readAll, safeGet } from '@darkroom/infra/http/safe-get/safe-get'
import { type FakeProviderServer, startFakeProvider } from '@darkroom/infra/testing/fake-provider/fake-server'
import sharp from 'sharp'
import type { Checked, Provider, ProviderOutput, ProviderRequest } from '../src/providers/provider.ts'
import { accepted, BYTES, failureOf, finished, never, providerOf, REQUEST } from './fake-env.ts'
import { createFakeProvider } from './fake-provider.ts'

test('a submission is taken, waited for, and ends in addresses of real pictures', async () => {
  await using fake = await startFakeProvider()
  const provider = providerOf(fake)
  fake.set({ readyOutputs: 1, lookAgainSeconds: 3 })
  const requestId = await accepted(provider)
  expect(await provider.check(requestId, never)).toEqual({
    kind: 'waiting',
    lookAgainSeconds: 3,
    progress: 1 / 3,
    outputs: [],
  })
  fake.set({ readyOutputs: null })
  const outputs = await finished(provider, requestId)
  expect(outputs.map(({ index, kind }) => [index, kind])).toEqual(REQUEST.indices.map(index => [index, 'url']))
  const pictures = await Promise.all(outputs.map(output => fetchFrom(fake, output)))
  expect(new Set(pictures.map(picture => Buffer.from(picture).toString('base64'))).size).toBe(3)
  for (const picture of pictures) {
    expect(await sharp(picture, { failOn: 'warning' }).metadata()).toMatchObject({
      format: 'png',
      width: 64,
      height: 48,
    })
    await sharp(picture, { failOn: 'warning' }).raw().toBuffer()
  }
})

test('the server is told everything, the references by what they are, and the key', async () => {
  await using fake = await startFakeProvider()
  const provider = providerOf(fake)
  const id = await accepted(provider, { ...REQUEST, negativePrompt: 'fog', duration: 2 })
  const { references, ...asked } = REQUEST
  const reference = {
    mimeType: 'image/png',
    bytes: 3,
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  }
  expect(references).toHaveLength(1)
  expect(fake.journal.submits).toEqual([
    {
      ...asked,
      indices: [4, 5, 6],
      negativePrompt: 'fog',
      duration: 2,
      references: [reference],
      id,
      idempotencyKey: 'k',
    },
  ])
})

test('outputs come one at a time where the provider works so, and a place in the queue is passed on', async () => {
  await using fake = await startFakeProvider()
  const provider = providerOf(fake)
  fake.set({ queuePosition: 4, oneAtATime: true, readyOutputs: 0 })
  const requestId = await accepted(provider)
  expect(await provider.check(requestId, never)).toMatchObject({ kind: 'waiting', queuePosition: 4, outputs: [] })
  fake.set({ queuePosition: null })
  for (const made of [0, 1, 2]) {
    fake.set({ readyOutputs: made })
    const checked = await provider.check(requestId, never)
    expect(checked).toMatchObject({ kind: 'waiting', progress: made / 3 })
    expect(indicesOf(checked)).toEqual(REQUEST.indices.slice(0, made))
  }
  fake.set({ readyOutputs: 3 })
  expect(indicesOf(await provider.check(requestId, never))).toEqual([4, 5, 6])
})

test('a model that answers with bytes gives each output as it is made', async () => {
  await using fake = await startFakeProvider()
  fake.set({ readyOutputs: 1 })
  const progress: number[] = []
  const taken: number[] = []
  for await (const output of await outputsAtOnce(providerOf(fake), BYTES, fraction => progress.push(fraction))) {
    taken.push(output.index)
    fake.set({ readyOutputs: taken.length + 1 })
    if (output.kind !== 'bytes') throw new Error('expected bytes')
    expect(await sharp(output.bytes).metadata()).toMatchObject({ format: 'png', width: 64, height: 48 })
  }
  expect(taken).toEqual([4, 5, 6])
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
  test(`a list of outputs that is wrong (${output}) gives what can be used of it`, async () => {
    await using fake = await startFakeProvider()
    const provider = providerOf(fake)
    fake.set({ output })
    const checked = await provider.check(await accepted(provider), never)
    if (indices) return expect([checked.kind, indicesOf(checked)]).toEqual(['finished', [...indices]])
    const error = expect.objectContaining({ code: 'no_outputs', failure: 'permanent' })
    expect(checked).toEqual({ kind: 'failed', error })
  })
}

test('bytes that are fewer than asked for are taken, and none is a failure', async () => {
  await using fake = await startFakeProvider()
  fake.set({ output: 'fewer' })
  const fewer = await Array.fromAsync(await outputsAtOnce(providerOf(fake), BYTES))
  expect(fewer.map(({ index }) => index)).toEqual([4, 5])
  fake.set({ output: 'empty' })
  const error = await failureOf(async () => Array.fromAsync(await outputsAtOnce(providerOf(fake), BYTES)))
  expect(error).toMatchObject({ code: 'no_outputs', failure: 'permanent' })
})

for (const [code, ours, failure] of [
  ['content_refused', 'content_refused', 'permanent'],
  ['overloaded', 'provider_busy', 'retryable'],
  ['constructor', 'provider_failed', 'permanent'],
] as const) {
  test(`a prediction that failed with ${code} is ${ours}, ${failure}, in our own words`, async () => {
    await using fake = await startFakeProvider()
    const provider = providerOf(fake)
    fake.set({ failure: { code, message: 'SECRET' } })
    const checked = await provider.check(await accepted(provider), never)
    if (checked.kind !== 'failed') throw new Error('expected a failure')
    expect(checked.error).toMatchObject({ code: ours, failure })
    expect(checked.error.message).not.toContain('SECRET')
  })
}

test('cancelling works while it runs, again, and is too late afterwards or where the provider says so', async () => {
  await using fake = await startFakeProvider()
  const provider = providerOf(fake)
  const done = await accepted(provider)
  expect(await provider.cancel(done, never)).toBe('too-late')
  fake.set({ readyOutputs: 0 })
  const running = await accepted(provider)
  fake.set({ cancelTooLate: true })
  expect(await provider.cancel(running, never)).toBe('too-late')
  fake.set({ cancelTooLate: false })
  expect(await provider.cancel(running, never)).toBe('cancelled')
  expect(await provider.cancel(running, never)).toBe('cancelled')
  expect(await provider.check(running, never)).toMatchObject({
    kind: 'failed',
    error: { code: 'cancelled_by_provider' },
  })
  expect(fake.journal.cancels.map(({ status }) => status)).toEqual(['succeeded', 'processing', 'canceled', 'canceled'])
})

test('a request nobody knows is a permanent failure, whatever its id', async () => {
  await using fake = await startFakeProvider()
  for (const id of ['gone', '../control', '?', '']) {
    expect(await failureOf(() => providerOf(fake).check(id, never))).toMatchObject({ failure: 'permanent' })
  }
})

test('a provider that is not there has begun nothing', async () => {
  const fake = await startFakeProvider()
  await fake[Symbol.asyncDispose]()
  expect(await failureOf(() => accepted(providerOf(fake)))).toMatchObject({
    code: 'provider_unreachable',
    failure: 'retryable',
  })
})

test('an interruption is a failure too: harmless before anything was sent, unknown after', async () => {
  await using fake = await startFakeProvider()
  const provider = providerOf(fake)
  const submit = (request: ProviderRequest, signal: AbortSignal) =>
    failureOf(async () => {
      const submitted = await provider.submit(request, { idempotencyKey: 'k', signal })
      if (submitted.kind === 'outputs') await Array.fromAsync(submitted.outputs)
    })
  expect(await submit(REQUEST, AbortSignal.abort())).toMatchObject({ code: 'interrupted', failure: 'retryable' })
  expect(fake.journal.submits).toHaveLength(0)
  fake.set({ submit: { kind: 'hang', taken: true, times: 1 }, readyOutputs: 0 })
  for (const [count, request] of [REQUEST, BYTES].entries()) {
    const stop = new AbortController()
    const ended = submit(request, stop.signal)
    await fake.until(journal => journal.submits.length > count)
    stop.abort()
    expect(await ended).toMatchObject({ code: 'interrupted', failure: 'unknown' })
  }
})

test('a repeated submission is another prediction, unless keys are recognised', async () => {
  await using fake = await startFakeProvider()
  const provider = providerOf(fake)
  const [first, second] = [await accepted(provider), await accepted(provider)]
  expect(second).not.toBe(first)
  fake.set({ recognisesKeys: true })
  expect([first, second]).toContain(await accepted(provider))
  expect(fake.journal.submitsByKey).toEqual({ k: 3 })
})

test('its models are models', async () => {
  const models = await createFakeProvider({ url: 'http://127.0.0.1:1' }).models(never)
  expect(models.map(model => Model.parse(model).id)).toEqual(['fake-image', 'fake-bytes'])
})

async function outputsAtOnce(provider: Provider, request: ProviderRequest, onProgress = (_: number) => {}) {
  const submitted = await provider.submit(request, { idempotencyKey: 'k', signal: never, onProgress })
  if (submitted.kind === 'outputs') return submitted.outputs
  throw new Error('expected outputs')
}

function indicesOf(checked: Checked): number[] {
  return checked.kind === 'failed' ? [] : checked.outputs.map(({ index }) => index)
}

async function fetchFrom({ url }: FakeProviderServer, output: ProviderOutput): Promise<Uint8Array> {
  if (output.kind !== 'url') throw new Error('expected an address')
  const limits = { maxBytes: 1_000_000, deadlineMs: 5_000, signal: never }
  return await readAll(await safeGet(output.url, { ...limits, allowOrigins: [url] }), never)
}
