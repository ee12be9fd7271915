import { expect, test } from 'bun:test'
import { Model } from '@darkroom/contracts/model'
import { readAll, safeGet } from '@darkroom/infra/safe-get'
import sharp from 'sharp'
import type { RequestFault } from './fake/behaviour.ts'
import { createFakeProvider } from './fake.ts'
import { type FakeProviderServer, startFakeProvider } from './fake-server.ts'
import { type Checked, type Provider, ProviderError, type ProviderOutput, type ProviderRequest } from './provider.ts'

const never = new AbortController().signal

const REQUEST: ProviderRequest = {
  model: 'fake-image',
  kind: 'image',
  prompt: 'a lighthouse',
  width: 64,
  height: 48,
  indices: [4, 5, 6],
  seed: 7,
  settings: { steps: 20 },
  references: [{ mimeType: 'image/png', bytes: new TextEncoder().encode('abc') }],
}
const BYTES: ProviderRequest = { ...REQUEST, model: 'fake-bytes' }

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

/** What a submission ends in, and how many predictions it began, by what goes wrong. */
const SUBMIT_FAULTS: readonly (readonly [
  fault: BehaviourChange['submit'],
  code: string,
  failure: string,
  begun: number,
])[] = [
  [{ kind: 'status', status: 400 }, 'provider_refused', 'permanent', 0],
  [{ kind: 'status', status: 401 }, 'key_refused', 'permanent', 0],
  [{ kind: 'status', status: 402 }, 'payment_required', 'permanent', 0],
  [{ kind: 'status', status: 422 }, 'provider_refused', 'permanent', 0],
  [{ kind: 'status', status: 307 }, 'provider_refused', 'permanent', 0],
  [{ kind: 'status', status: 429, retryAfter: '7' }, 'rate_limited', 'retryable', 0],
  [{ kind: 'status', status: 503 }, 'provider_busy', 'retryable', 0],
  [{ kind: 'status', status: 500 }, 'provider_refused', 'unknown', 0],
  [{ kind: 'status', status: 502, taken: true }, 'provider_refused', 'unknown', 1],
  [{ kind: 'status', status: 504, taken: true }, 'provider_refused', 'unknown', 1],
  [{ kind: 'hang', taken: true }, 'provider_silent', 'unknown', 1],
  [{ kind: 'reset', taken: true }, 'provider_unreachable', 'unknown', 1],
  [{ kind: 'cut', taken: true }, 'provider_unreachable', 'unknown', 1],
  [{ kind: 'malformed', taken: true }, 'provider_misbehaved', 'unknown', 1],
  [{ kind: 'wrong-shape', taken: true }, 'provider_misbehaved', 'unknown', 1],
]

for (const [fault, code, failure, begun] of SUBMIT_FAULTS) {
  test(`submitting: ${fault.kind} ${fault.status ?? ''} is ${code}, ${failure}`, async () => {
    await using fake = await startFakeProvider()
    fake.set({ submit: fault })
    for (const request of [REQUEST, BYTES]) {
      const provider = providerOf(fake, 100)
      const error = await failureOf(async () => {
        const submitted = await provider.submit(request, { idempotencyKey: 'k', signal: never })
        if (submitted.kind === 'outputs') await Array.fromAsync(submitted.outputs)
      })
      expect(error).toMatchObject({ code, failure, retryAfterSeconds: code === 'rate_limited' ? 7 : null })
      expect(error.message).not.toContain('SECRET')
    }
    expect(Object.keys(fake.journal.predictions)).toHaveLength(begun * 2)
    expect(fake.journal.submitsByKey).toEqual({ k: 2 })
  })
}

/** Asking and cancelling change nothing that is billed, so that they may always be tried again unless refused. */
const QUESTION_FAULTS: readonly (readonly [fault: RequestFault, code: string, failure: string])[] = [
  [{ kind: 'status', status: 401 }, 'key_refused', 'permanent'],
  [{ kind: 'status', status: 404 }, 'request_unknown', 'permanent'],
  [{ kind: 'status', status: 429, retryAfter: 'Wed, 21 Oct 2015 07:28:00 GMT' }, 'rate_limited', 'retryable'],
  [{ kind: 'status', status: 500, retryAfter: 'soon' }, 'provider_refused', 'retryable'],
  [{ kind: 'status', status: 503 }, 'provider_busy', 'retryable'],
  [{ kind: 'hang' }, 'provider_silent', 'retryable'],
  [{ kind: 'reset' }, 'provider_unreachable', 'retryable'],
  [{ kind: 'cut' }, 'provider_unreachable', 'retryable'],
  [{ kind: 'malformed' }, 'provider_misbehaved', 'retryable'],
  [{ kind: 'wrong-shape' }, 'provider_misbehaved', 'retryable'],
]

for (const [fault, code, failure] of QUESTION_FAULTS) {
  test(`checking and cancelling: ${fault.kind} ${fault.status ?? ''} is ${code}, ${failure}`, async () => {
    await using fake = await startFakeProvider()
    const provider = providerOf(fake, 100)
    const requestId = await accepted(provider)
    fake.set({ check: fault, cancel: fault })
    const retryAfterSeconds = code === 'rate_limited' ? 0 : null
    const expected = { code, failure, retryAfterSeconds }
    expect(await failureOf(() => provider.check(requestId, never))).toMatchObject(expected)
    expect(await failureOf(() => provider.cancel(requestId, never))).toMatchObject(expected)
    fake.set({ check: null })
    expect(await finished(provider, requestId)).toHaveLength(3)
  })
}

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

function providerOf({ url }: FakeProviderServer, deadlineMs = 5_000): Provider {
  return createFakeProvider({ url, deadlineMs })
}

async function accepted(provider: Provider, request = REQUEST): Promise<string> {
  const submitted = await provider.submit(request, { idempotencyKey: 'k', signal: never })
  if (submitted.kind === 'accepted') return submitted.requestId
  throw new Error('expected a request id')
}

async function outputsAtOnce(provider: Provider, request: ProviderRequest, onProgress = (_: number) => {}) {
  const submitted = await provider.submit(request, { idempotencyKey: 'k', signal: never, onProgress })
  if (submitted.kind === 'outputs') return submitted.outputs
  throw new Error('expected outputs')
}

async function finished(provider: Provider, requestId: string): Promise<ProviderOutput[]> {
  const checked = await provider.check(requestId, never)
  if (checked.kind === 'finished') return checked.outputs
  throw new Error(`expected it to have finished: ${checked.kind}`)
}

function indicesOf(checked: Checked): number[] {
  return checked.kind === 'failed' ? [] : checked.outputs.map(({ index }) => index)
}

async function fetchFrom({ url }: FakeProviderServer, output: ProviderOutput): Promise<Uint8Array> {
  if (output.kind !== 'url') throw new Error('expected an address')
  const limits = { maxBytes: 1_000_000, deadlineMs: 5_000, signal: never }
  return await readAll(await safeGet(output.url, { ...limits, allowOrigins: [url] }), never)
}

async function failureOf(work: () => Promise<unknown>): Promise<ProviderError> {
  const error = await work().then(
    () => undefined,
    error => error,
  )
  if (error instanceof ProviderError) return error
  throw new Error(`expected a ProviderError, not ${error}`)
}
