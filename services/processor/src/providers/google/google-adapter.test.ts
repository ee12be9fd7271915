import { expect, test } from 'bun:test'
import type { FailureClass, FailureCode } from '@darkroom/contracts/failures'
import sharp from 'sharp'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { chooseDeadlines, neverAborted, toSavedAnswer } from '../../../testing/make-call.ts'
import { MAX_HANDLE_CHARACTERS, type ProviderRequest } from '../adapter.ts'
import { createReference, createTestAdapter, openFakeGoogle, REQUEST } from './google-env.fixture.ts'

const WIDE: ProviderRequest = {
  ...REQUEST,
  aspectRatio: '16:9',
  resolution: '2K',
  width: 2_728,
  height: 1_536,
  settings: { thinking: 'high' },
}
const INTERACTIONS = 'interactions'
const GENERATE = 'models/gemini-nano-banana-2.1:generateContent'

test('makes an image in the background, which another process finds by its handle as often as it polls', async () => {
  await using env = await openFakeGoogle()
  env.fake.setPolls(3)
  const { handle = '', receipt, raw } = await env.makeCall(WIDE)
  const [bill] = env.fake.billed()
  expect(handle).toBe(`interaction:3:${bill?.trace}`)
  expect(receipt).toEqual({ trace: bill?.trace ?? '' })
  expect(`${handle}${raw}`).not.toContain(env.fake.key)
  expect(env.readLastBody()).toEqual({
    model: 'gemini-nano-banana-2.1',
    input: [{ type: 'text', text: 'a lighthouse' }],
    response_format: { type: 'image', delivery: 'inline', aspect_ratio: '16:9', image_size: '2K' },
    generation_config: { thinking_level: 'high' },
    background: true,
    store: true,
  })
  const later = createTestAdapter(env.fake)
  for (const [ageSeconds, pollAfterSeconds] of [
    [0, 1],
    [40, 2],
    [600, 3],
  ] as const)
    expect(await later.check(handle, neverAborted, { ageSeconds })).toEqual({
      kind: 'waiting',
      pollAfterSeconds,
      outputs: [],
    })
  for (let poll = 0; poll < 2; poll += 1) {
    const receipts: unknown[] = []
    const checked = await later.check(handle, neverAborted, { onReceipt: received => receipts.push(received) })
    if (checked.kind !== 'finished' || checked.outputs[0]?.kind !== 'bytes') throw new Error('expected an image')
    expect(checked.outputs).toMatchObject([{ index: 3, mimeType: 'image/jpeg' }])
    expect(await sharp(checked.outputs[0].bytes).metadata()).toMatchObject({ width: 2_728, height: 1_536 })
    const usage = { input_tokens: 3, output_tokens: 1_680, thought_tokens: 120, total_tokens: 1_803 }
    expect(receipts).toEqual([{ trace: bill?.trace, usage: { ...usage, image_input: 0, image_output: 1_680 } }])
  }
  expect([env.fake.posts(), env.listPosts()]).toEqual([1, [INTERACTIONS]])
  for (const { path, headers } of env.fake.requests()) {
    expect(headers['x-goog-api-key']).toBe(env.fake.key)
    expect(path).not.toContain('key')
  }
})

test('asks once whether a model runs in the background, and sends the same call at once where it does not', async () => {
  await using env = await openFakeGoogle()
  env.fake.refuseBackground(['gemini-nano-banana-2.1'])
  const { outputs, handle, receipt } = await env.makeCall(WIDE)
  expect(env.listPosts()).toEqual([INTERACTIONS, GENERATE])
  expect(handle).toBeUndefined()
  expect(outputs).toMatchObject([{ index: 3, kind: 'bytes', mimeType: 'image/png' }])
  const [bill] = env.fake.billed()
  expect(receipt).toMatchObject({ trace: bill?.trace, usage: { image_output: 1_680, thought_tokens: 120 } })
  expect(receipt).not.toHaveProperty('model')
  expect(env.readLastBody()).toEqual({
    contents: [{ role: 'user', parts: [{ text: 'a lighthouse' }] }],
    generationConfig: {
      responseModalities: ['IMAGE'],
      imageConfig: { aspectRatio: '16:9', imageSize: '2K' },
      thinkingConfig: { thinkingLevel: 'high' },
    },
  })
  // It is remembered, and of that model alone.
  await env.makeCall()
  await env.makeCall({ ...REQUEST, model: 'google/gemini-3-pro-image' })
  expect(env.listPosts()).toEqual([INTERACTIONS, GENERATE, GENERATE, INTERACTIONS])
  expect(env.fake.billed()).toHaveLength(3)
  // Another process asks again.
  const later = createTestAdapter(env.fake)
  if (later.submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  await later.submitting.submit(REQUEST, { idempotencyKey: 'k', signal: neverAborted })
  expect(env.listPosts().slice(4)).toEqual([INTERACTIONS, GENERATE])
})

/** Faults of the first submission that are no word about the background: nothing else is sent. */
const OTHER_FAULTS = [
  'hang',
  'cut-before-answer',
  'server-error',
  'unavailable',
  'rate-limited',
  'wrong-key',
  'setting-refused',
  'field-refused',
  'model-gone',
] as const

test('sends nothing else after any other failure of the first submission, and goes on to try the background', async () => {
  for (const fault of OTHER_FAULTS) {
    await using env = await openFakeGoogle({ deadlines: chooseDeadlines(fault) })
    env.fake.setFault(fault)
    await getProviderError(() => env.makeCall())
    expect([fault, ...env.listPosts()]).toEqual([fault, INTERACTIONS])
    env.fake.setFault(null)
    await env.makeCall()
    expect([fault, ...env.listPosts()]).toEqual([fault, INTERACTIONS, INTERACTIONS])
  }
})

test('a fault of the second submission is its own, and it is sent once', async () => {
  await using env = await openFakeGoogle({ background: false })
  await env.makeCall()
  for (const [fault, code, failure] of [
    ['cut-mid-body', 'provider_unreachable', 'unknown'],
    ['rate-limited-until', 'rate_limited', 'retryable'],
  ] as const) {
    const before = env.listPosts().length
    env.fake.setFault(fault)
    const error = await getProviderError(() => env.makeCall())
    expect(error).toMatchObject({ code, failure, retryAfterSeconds: code === 'rate_limited' ? 7_200 : null })
    expect(env.listPosts().slice(before)).toEqual([GENERATE])
  }
})

test('sends reference images on both roads, and sizes that the model chooses itself without their fields', async () => {
  await using env = await openFakeGoogle()
  const references = [await createReference('reference'), await createReference('reference', 80)]
  const request = { ...REQUEST, resolution: 'auto', references }
  const [first, second] = references.map(({ bytes }) => bytes.toBase64())
  await env.makeCall(request)
  expect(env.readLastBody().input).toEqual([
    { type: 'text', text: 'a lighthouse' },
    { type: 'image', mime_type: 'image/png', data: first },
    { type: 'image', mime_type: 'image/png', data: second },
  ])
  expect(env.readLastBody().response_format).toEqual({ type: 'image', delivery: 'inline' })
  env.fake.refuseBackground('all')
  const again = createTestAdapter(env.fake)
  if (again.submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  await again.submitting.submit(request, { idempotencyKey: 'k', signal: neverAborted })
  const { contents, generationConfig } = env.readLastBody()
  expect(contents[0].parts.slice(1)).toEqual([
    { inlineData: { mimeType: 'image/png', data: first } },
    { inlineData: { mimeType: 'image/png', data: second } },
  ])
  expect(generationConfig).toEqual({ responseModalities: ['IMAGE'] })
})

test('takes a tier by its name or its side, and does not send that of a model that has one', async () => {
  await using env = await openFakeGoogle()
  await env.makeCall({ ...REQUEST, resolution: 4_096 })
  expect(env.readLastBody().response_format).toMatchObject({ aspect_ratio: '1:1', image_size: '4K' })
  await env.makeCall({ ...REQUEST, model: 'google/gemini-3-pro-image-preview', resolution: 1_024 })
  expect(env.readLastBody().response_format).toMatchObject({ image_size: '1K' })
  await env.makeCall({ ...REQUEST, model: 'google/gemini-3.1-flash-lite-image', resolution: '1K' })
  expect(env.readLastBody().response_format).not.toHaveProperty('image_size')
})

test('refuses images that do not fit in a request before it is sent, and quotes Google where it refuses one', async () => {
  await using env = await openFakeGoogle()
  const reference = await createReference('reference')
  const large = { ...reference, bytes: new Uint8Array(8_000_000) }
  const error = await getProviderError(() => env.makeCall({ ...REQUEST, references: [large, large] }))
  expect(error).toMatchObject({ code: 'reference_refused', failure: 'permanent' })
  expect(error.message).toBe(
    'The reference images have 16 MB together, and Google takes 14 MB. Use fewer or smaller ones.',
  )
  expect(env.listPosts()).toEqual([])
  const broken = { ...reference, bytes: Buffer.from('no image') }
  const refused = await getProviderError(() => env.makeCall({ ...REQUEST, references: [broken] }))
  expect(refused).toMatchObject({ code: 'reference_refused', failure: 'permanent' })
  expect(refused.message).toContain('It says: “Unable to process input image. Please retry.”')
  expect(env.fake.billed()).toEqual([])
})

/** The failure of an image by fault: in the background, and at once. */
const CONTENT_FAULTS: readonly (readonly [string, FailureCode, message: string, ...FailureCode[]])[] = [
  ['content-refused', 'content_refused', 'It says: “The prompt was blocked due to prohibited content.”'],
  ['output-refused', 'output_refused', 'It says: “The generated image was blocked for safety reasons.”'],
  ['failed', 'provider_failed', 'It says: “An internal error has occurred.”'],
  ['no-image', 'no_outputs', 'It says: “I would rather describe it.”'],
  ['empty-answer', 'no_outputs', 'finished without giving anything.'],
]

test('says why there is no image, in the background', async () => {
  await using env = await openFakeGoogle()
  env.fake.setPolls(0)
  for (const [fault, code, message] of CONTENT_FAULTS) {
    env.fake.setFault(fault)
    const { handle = '' } = await env.makeCall()
    env.fake.setFault(null)
    const checked = await env.adapter.check(handle, neverAborted)
    expect([fault, checked]).toMatchObject([fault, { kind: 'failed', error: { code, failure: 'permanent' } }])
    expect(checked.kind === 'failed' ? checked.error.message : '').toContain(message)
  }
})

test('says why there is no image, at once, and names another model that ran', async () => {
  await using env = await openFakeGoogle({ background: false })
  for (const [fault, code, message] of [
    ['content-refused', 'content_refused', 'refused the prompt'],
    ['output-prohibited', 'content_refused', 'It says: “Unable to show the generated image.'],
    ['output-refused', 'output_refused', 'It says: “Unable to show the generated image.'],
    ['no-image', 'no_outputs', 'It says: “Unable to show the generated image.'],
    ['empty-answer', 'no_outputs', 'finished without giving anything.'],
  ] as const) {
    env.fake.setFault(fault)
    const error = await getProviderError(() => env.makeCall())
    expect([fault, error.code, error.failure]).toEqual([fault, code, 'permanent'])
    expect(error.message).toContain(message)
  }
  env.fake.setFault('other-model')
  expect((await env.makeCall()).receipt.model).toBe('gemini-8-other-image')
})

test('reads a saved answer again, in pieces of any size, and notices one that is cut off', async () => {
  await using env = await openFakeGoogle({ background: false })
  const { submitting } = env.adapter
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  const { body, headers } = await submitting.submit(REQUEST, { idempotencyKey: 'k', signal: neverAborted })
  const bytes = Buffer.concat(await Array.fromAsync(body))
  const readBytes = async (length: number, size: number) => {
    const pieces = Array.from({ length: Math.ceil(length / size) }, (_, n) =>
      bytes.subarray(n * size, Math.min(length, (n + 1) * size)),
    )
    const answer = await submitting.readAnswer(toSavedAnswer(pieces, headers), { ...REQUEST, signal: neverAborted })
    return answer.kind === 'outputs' ? await Array.fromAsync(answer.outputs) : []
  }
  expect(await readBytes(bytes.length, 4_001)).toEqual(await readBytes(bytes.length, 65_536))
  for (const length of [0, 1, 60, Math.floor(bytes.length / 2), bytes.length - 1])
    expect(await getProviderError(() => readBytes(length, 50_000))).toMatchObject({
      code: 'provider_misbehaved',
      failure: 'unknown',
    })
})

test('takes the image of an interaction that is finished at once', async () => {
  await using env = await openFakeGoogle()
  env.fake.setFault('finished-at-once')
  const { outputs, handle, receipt } = await env.makeCall()
  expect(outputs).toMatchObject([{ index: 3, kind: 'bytes', mimeType: 'image/jpeg' }])
  expect([handle, receipt.trace]).toEqual([undefined, env.fake.billed()[0]?.trace ?? ''])
})

test('cancels an interaction, and says when it is too late or gone', async () => {
  await using env = await openFakeGoogle()
  const { adapter, fake } = env
  const { handle = '' } = await env.makeCall()
  expect(await adapter.cancel(handle, neverAborted)).toEqual({ kind: 'cancelled', billed: null })
  const failed = { kind: 'failed', error: { code: 'cancelled_by_provider' } }
  expect(await adapter.check(handle, neverAborted)).toMatchObject(failed)
  fake.setPolls(0)
  const { handle: finished = '' } = await env.makeCall()
  await adapter.check(finished, neverAborted)
  expect(await adapter.cancel(finished, neverAborted)).toEqual({ kind: 'too-late', billed: null })
  fake.setFault('expired')
  expect(await adapter.check(finished, neverAborted)).toEqual({ kind: 'gone' })
  expect(await adapter.cancel(finished, neverAborted)).toEqual({ kind: 'too-late', billed: null })
  for (const fault of ['rate-limited', 'hang', 'cut-mid-body', 'html'] as const) {
    fake.setFault(fault)
    const later = createTestAdapter(fake, chooseDeadlines(fault))
    const error = await getProviderError(() => later.cancel(handle, neverAborted))
    expect([fault, error.failure]).toEqual([fault, 'retryable'])
  }
})

test('polls that fail may be repeated, and a handle leads nowhere else', async () => {
  await using env = await openFakeGoogle()
  const { handle = '' } = await env.makeCall()
  const retryable: FailureClass = 'retryable'
  for (const fault of ['rate-limited', 'unavailable', 'hang', 'cut-before-answer', 'cut-mid-body', 'html']) {
    env.fake.setFault(fault)
    const adapter = createTestAdapter(env.fake, chooseDeadlines(fault))
    const error = await getProviderError(() => adapter.check(handle, neverAborted))
    expect([fault, error.failure]).toEqual([fault, retryable])
  }
  const sent = env.fake.requests().length
  const long = `interaction:0:${'a'.repeat(MAX_HANDLE_CHARACTERS)}`
  for (const odd of ['', 'v1_x', 'interaction:x:v1', 'interaction:0:../models', 'operation:0:models/a/../b', long]) {
    expect((await getProviderError(() => env.adapter.check(odd, neverAborted))).code).toBe('request_unknown')
    expect((await getProviderError(() => env.adapter.cancel(odd, neverAborted))).code).toBe('request_unknown')
  }
  expect(env.fake.requests()).toHaveLength(sent)
})
