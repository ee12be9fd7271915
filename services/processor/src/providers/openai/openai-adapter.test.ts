import { expect, test } from 'bun:test'
import type { FailureClass, FailureCode } from '@darkroom/contracts/failures'
import type { Fault } from '@darkroom/infra/testing/fake-openai/faults'
import sharp from 'sharp'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { chooseDeadlines, makeCall, neverAborted, toSavedAnswer } from '../../../testing/make-call.ts'
import type { ProviderReference, ProviderRequest } from '../adapter.ts'
import { createTestAdapter, openFakeOpenAi, REQUEST } from './openai-env.fixture.ts'

const RESUMABLE: ProviderRequest = { ...REQUEST, settings: { ...REQUEST.settings, resumable: true } }

async function createReference(role: ProviderReference['role'], width = 64, alpha = false): Promise<ProviderReference> {
  const background = alpha ? { r: 0, g: 0, b: 0, alpha: 0.5 } : { r: 9, g: 9, b: 9 }
  const image = sharp({ create: { width, height: 48, channels: alpha ? 4 : 3, background } })
  return { role, mimeType: 'image/png', bytes: await image.png().toBuffer(), width, height: 48 }
}

/** Times until the next poll, by the age of a call, in seconds. */
const POLL_INTERVALS = [
  [0, 1],
  [30, 1.5],
  [300, 2],
] as const

test('makes an image of the size that was chosen, with its cost to the micro-unit and its trace', async () => {
  await using env = await openFakeOpenAi()
  const wide = { ...REQUEST, width: 1_536, height: 864, settings: { ...REQUEST.settings, quality: 'high' } }
  const { outputs, receipt } = await env.makeCall(wide)
  expect(outputs).toMatchObject([{ kind: 'bytes', index: 3, mimeType: 'image/png' }])
  const [output] = outputs
  if (output?.kind !== 'bytes') throw new Error('expected bytes')
  expect(await sharp(output.bytes).metadata()).toMatchObject({ width: 1_536, height: 864, format: 'png' })
  const [bill] = env.fake.billed()
  expect(receipt).toEqual({
    trace: bill?.trace ?? '',
    cost: { micros: bill?.micros ?? 0, currency: 'USD' },
    usage: { input_tokens: 6, output_tokens: 1_756, total_tokens: 1_762, text_input: 6, image_input: 0 },
  })
  expect(env.fake.posts()).toBe(1)
})

test('sends the fields of a generation that its model takes, and no others', async () => {
  await using env = await openFakeOpenAi()
  const settings = {
    quality: 'low',
    complexity: 'high',
    background: 'opaque',
    output_format: 'webp',
    output_compression: 50,
    moderation: 'low',
    resumable: false,
    steps: 20,
  }
  const { outputs } = await env.makeCall({ ...REQUEST, resolution: 'auto', settings, negativePrompt: 'fog' })
  expect(outputs).toMatchObject([{ mimeType: 'image/webp' }])
  await env.makeCall({ ...REQUEST, settings: { output_format: 'png', output_compression: 50 } })
  const [first, second] = env.fake.requests()
  const { steps: _, resumable: __, ...sent } = settings
  const model = 'gpt-image-2.6-flare'
  expect(first).toMatchObject({ method: 'POST', path: '/v1/images/generations' })
  expect(JSON.parse(first?.body ?? '')).toEqual({ model, prompt: 'a lighthouse', n: 1, size: 'auto', ...sent })
  expect(JSON.parse(second?.body ?? '')).toEqual({
    model,
    prompt: 'a lighthouse',
    n: 1,
    size: '1024x1024',
    output_format: 'png',
  })
})

test('edits with references and a mask as a form, without what an edit does not take', async () => {
  await using env = await openFakeOpenAi()
  const references = [
    await createReference('reference'),
    await createReference('reference', 80),
    await createReference('mask', 64, true),
  ]
  const settings = { quality: 'low', moderation: 'low', input_fidelity: 'high' }
  const request = { ...REQUEST, model: 'openai/gpt-image-1.5', operation: 'inpaint', references, settings } as const
  const { outputs, receipt } = await env.makeCall(request)
  expect(outputs).toHaveLength(1)
  expect(receipt.usage).toMatchObject({ image_input: 2 * 774 })
  expect(receipt.cost?.micros).toBe(env.fake.billed()[0]?.micros ?? 0)
  const [sent] = env.fake.requests()
  expect(sent).toMatchObject({ path: '/v1/images/edits', method: 'POST' })
  const names = [...(sent?.body ?? '').matchAll(/; name="([^"]+)"/g)].map(([, name]) => name)
  expect(names).toEqual(['model', 'prompt', 'n', 'size', 'quality', 'input_fidelity', 'image[]', 'image[]', 'mask'])
})

test('refuses what OpenAI is known not to take before it is sent, and quotes what it refuses itself', async () => {
  await using env = await openFakeOpenAi()
  const large = { ...(await createReference('mask')), bytes: new Uint8Array(4_000_000) }
  const many = Array.from({ length: 17 }, () => large).map(image => ({ ...image, role: 'reference' as const }))
  const refused = async (references: readonly ProviderReference[]) =>
    await getProviderError(() => env.makeCall({ ...REQUEST, references }))
  expect(await refused([await createReference('reference'), large])).toMatchObject({ code: 'reference_refused' })
  expect(await refused(many)).toMatchObject({ code: 'reference_refused', failure: 'permanent' })
  expect(env.fake.posts()).toBe(0)
  const wrongMask = await refused([await createReference('reference'), await createReference('mask', 80, true)])
  expect(wrongMask).toMatchObject({ code: 'reference_refused' })
  expect(wrongMask.message).toContain('It says: “The mask size does not match the image size.”')
  const size = await getProviderError(() => env.makeCall({ ...REQUEST, width: 1_000, height: 1_000 }))
  expect(size).toMatchObject({ code: 'setting_refused' })
  expect(size.message).toBe("OpenAI does not take this size for the model. It says: “Invalid value: '1000x1000'.”")
  expect(env.fake.billed()).toEqual([])
})

/** The error of a call, its message, and the number of submissions that were billed, by fault. */
const FAULTS: readonly (readonly [
  fault: Fault,
  code: FailureCode,
  failure: FailureClass,
  billed: number,
  message?: string,
])[] = [
  ['rate-limited', 'rate_limited', 'retryable', 0],
  ['rate-limited-until', 'rate_limited', 'retryable', 0],
  ['no-credit', 'payment_required', 'permanent', 0],
  ['wrong-key', 'key_refused', 'permanent', 0],
  ['no-permission', 'no_permission', 'permanent', 0, 'It says: “Your organization must be verified to use the model.”'],
  ['server-error', 'provider_refused', 'unknown', 1, 'The provider refused (500).'],
  ['unavailable', 'provider_busy', 'retryable', 0],
  ['hang', 'provider_silent', 'unknown', 1],
  ['cut-before-answer', 'provider_unreachable', 'unknown', 1],
  ['cut-after-headers', 'provider_unreachable', 'unknown', 1],
  ['cut-mid-body', 'provider_unreachable', 'unknown', 1],
  ['html', 'provider_misbehaved', 'unknown', 1],
  ['invalid-json', 'provider_misbehaved', 'unknown', 1],
  ['wrong-shape', 'provider_misbehaved', 'unknown', 1],
  ['no-image', 'provider_misbehaved', 'unknown', 1],
  ['empty-answer', 'no_outputs', 'permanent', 1],
  ['huge-error', 'provider_refused', 'permanent', 0],
  ['redirect', 'provider_refused', 'permanent', 0, 'redirects to another address'],
  ['echo-key', 'setting_refused', 'permanent', 0, 'It says: “Bad request with …”'],
  ['content-refused', 'content_refused', 'permanent', 0, 'It says: “Your request was rejected by the safety system.'],
  ['output-refused', 'output_refused', 'permanent', 0, 'It says: “The generated image was rejected'],
  [
    'setting-refused',
    'setting_refused',
    'permanent',
    0,
    `OpenAI does not take this value of Quality. It says: “Invalid value: 'max'. Supported values are: 'low'`,
  ],
  ['reference-refused', 'reference_refused', 'permanent', 0, 'It says: “Invalid image file or mode for image 1.”'],
  ['model-gone', 'model_unknown', 'permanent', 0],
]

test('maps each fault to its error with one submission, and the key is in none of them', async () => {
  await using env = await openFakeOpenAi()
  const { fake } = env
  for (const [fault, code, failure, billed, message = ''] of FAULTS) {
    const [posts, bills] = [fake.posts(), fake.billed().length]
    fake.setFault(fault)
    const adapter = createTestAdapter(fake, chooseDeadlines(fault))
    const error = await getProviderError(() => makeCall(adapter, REQUEST))
    expect([fault, error.code, error.failure, fake.posts() - posts, fake.billed().length - bills]).toEqual([
      fault,
      code,
      failure,
      1,
      billed,
    ])
    expect(error.message).toContain(message)
    expect(error.message.length).toBeLessThanOrEqual(500)
    expect(error.retryAfterSeconds).toBe(fault === 'rate-limited-until' ? 7_200 : null)
    expect(Bun.inspect(error)).not.toContain(fake.key.slice(0, 12))
    expect(error.message).not.toMatch(/https?:|example|req_\w/)
  }
})

test('takes one image of an answer with more, and waits for one that is slow', async () => {
  await using env = await openFakeOpenAi()
  for (const fault of ['wrong-count', 'duplicate-answer', 'slow'] as const) {
    env.fake.setFault(fault)
    const { outputs, raw } = await env.makeCall()
    expect(outputs).toMatchObject([{ index: 3, kind: 'bytes' }])
    expect(raw).not.toContain('canary')
  }
})

test('reads a saved answer again, in pieces of any size, and notices one that is cut off', async () => {
  await using env = await openFakeOpenAi()
  const { submitting } = env.adapter
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  const { body, headers } = await submitting.submit(REQUEST, { idempotencyKey: 'k', signal: neverAborted })
  const bytes = Buffer.concat(await Array.fromAsync(body))
  expect(Object.keys(headers).toSorted()).toEqual(['content-type', 'openai-processing-ms', 'x-request-id'])
  const readBytes = async (length: number, size: number) => {
    const pieces = Array.from({ length: Math.ceil(length / size) }, (_, n) =>
      bytes.subarray(n * size, Math.min(length, (n + 1) * size)),
    )
    const answer = await submitting.readAnswer(toSavedAnswer(pieces, headers), { ...REQUEST, signal: neverAborted })
    return answer.kind === 'outputs' ? await Array.fromAsync(answer.outputs) : []
  }
  expect(await readBytes(bytes.length, 7)).toEqual(await readBytes(bytes.length, 65_536))
  for (const length of [0, 1, 20, 60, Math.floor(bytes.length / 2), bytes.length - 1])
    expect(await getProviderError(() => readBytes(length, 1_000))).toMatchObject({
      code: 'provider_misbehaved',
      failure: 'unknown',
    })
})

test('makes a resumable call in the background, finds it by its handle, and reads it as often as it is polled', async () => {
  await using env = await openFakeOpenAi()
  await env.adapter.models(neverAborted)
  const reference = await createReference('reference')
  const mask = await createReference('mask', 64, true)
  env.fake.setPolls(POLL_INTERVALS.length)
  const { handle = '', receipt } = await env.makeCall({ ...RESUMABLE, references: [reference, mask] })
  expect(handle).toMatch(/^resp_\w+:3$/)
  expect(receipt).toEqual({ trace: env.fake.billed()[0]?.trace ?? '' })
  const sent = JSON.parse(env.fake.requests().find(({ method }) => method === 'POST')?.body ?? '')
  expect(sent).toMatchObject({
    model: 'gpt-6-luna',
    background: true,
    store: true,
    tool_choice: { type: 'image_generation' },
  })
  expect(sent.tools).toMatchObject([
    { action: 'edit', model: 'gpt-image-2.6-flare', size: '1024x1024', quality: 'low' },
  ])
  // Another process, which knows the handle alone.
  const later = createTestAdapter(env.fake)
  for (const [ageSeconds, pollAfterSeconds] of POLL_INTERVALS) {
    const checked = await later.check(handle, neverAborted, { ageSeconds })
    expect(checked).toEqual({ kind: 'waiting', pollAfterSeconds, outputs: [] })
  }
  for (let poll = 0; poll < 2; poll += 1) {
    const receipts: unknown[] = []
    const checked = await later.check(handle, neverAborted, { onReceipt: received => receipts.push(received) })
    expect(checked).toMatchObject({ kind: 'finished', outputs: [{ index: 3, kind: 'bytes', mimeType: 'image/png' }] })
    expect(receipts).toMatchObject([{ revisedPrompt: 'a lighthouse, revised', usage: { output_tokens: 50 } }])
  }
  env.fake.setFault('expired')
  expect(await later.check(handle, neverAborted)).toEqual({ kind: 'gone' })
  expect(await later.cancel(handle, neverAborted)).toEqual({ kind: 'too-late', billed: true })
  expect(env.fake.posts()).toBe(1)
})

test('cancels a call in the background, and ends one that was refused or has made no image', async () => {
  await using env = await openFakeOpenAi()
  const { adapter, fake } = env
  const { handle = '' } = await env.makeCall(RESUMABLE)
  expect(await adapter.cancel(handle, neverAborted)).toEqual({ kind: 'cancelled', billed: null })
  expect(await adapter.check(handle, neverAborted)).toMatchObject({
    kind: 'failed',
    error: { code: 'cancelled_by_provider' },
  })
  fake.setPolls(0)
  const codes: Partial<Record<Fault, string>> = {
    'content-refused': 'content_refused',
    'output-refused': 'output_refused',
    'no-image': 'no_outputs',
  }
  for (const [fault, code] of Object.entries(codes)) {
    fake.setFault(fault)
    const made = await env.makeCall(RESUMABLE)
    fake.setFault(null)
    const checked = await adapter.check(made.handle ?? '', neverAborted)
    expect(checked).toMatchObject({ kind: 'failed', error: { code } })
    expect(await adapter.cancel(made.handle ?? '', neverAborted)).toEqual({ kind: 'too-late', billed: true })
  }
  for (const odd of ['../models', 'resp_1:x', 'resp_a/b', ''])
    expect((await getProviderError(() => adapter.check(odd, neverAborted))).code).toBe('request_unknown')
})

test('polls that fail may be repeated, whatever the fault', async () => {
  await using env = await openFakeOpenAi()
  const { handle = '' } = await env.makeCall(RESUMABLE)
  for (const fault of ['server-error', 'hang', 'cut-before-answer', 'cut-mid-body', 'html', 'invalid-json']) {
    env.fake.setFault(fault)
    const adapter = createTestAdapter(env.fake, chooseDeadlines(fault))
    const error = await getProviderError(() => adapter.check(handle, neverAborted))
    expect(`${fault} ${error.failure}`).toBe(`${fault} retryable`)
  }
})
