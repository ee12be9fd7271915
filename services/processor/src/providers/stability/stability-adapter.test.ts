import { expect, test } from 'bun:test'
import { ModelSpec } from '@darkroom/contracts/model'
import { estimateMicros } from '@darkroom/contracts/price'
import sharp from 'sharp'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { chooseDeadlines, neverAborted, toSavedAnswer } from '../../../testing/make-call.ts'
import type { ProviderRequest } from '../adapter.ts'
import { createStabilityAdapter } from './stability-adapter.ts'
import { createReference, createTestAdapter, openFakeStability, REQUEST } from './stability-env.fixture.ts'

const UPSCALE: ProviderRequest = {
  ...REQUEST,
  model: 'stability/upscale-creative',
  operation: 'upscale',
  resolution: 'auto',
  settings: { creativity: 0.4, output_format: 'webp' },
}

/** Returns the texts and the names of the files of a form that was received. */
function readForm(body = ''): { texts: Record<string, string>; files: string[] } {
  const parts = [...body.matchAll(/name="([^"]+)"(; filename="[^"]+")?[\s\S]*?\r\n\r\n([^\r]*)/g)]
  return {
    texts: Object.fromEntries(parts.flatMap(([, name, file, text]) => (file ? [] : [[name, text]]))),
    files: parts.flatMap(([, name = '', file]) => (file ? [name] : [])),
  }
}

test('makes an image of the ratio that was chosen, with its seed and its trace, and no cost that nobody reports', async () => {
  await using env = await openFakeStability()
  const { outputs, receipt } = await env.makeCall({ ...REQUEST, seed: 4_294_967_294 })
  const [output] = outputs
  if (output?.kind !== 'bytes') throw new Error('expected bytes')
  expect(output).toMatchObject({ index: 3, mimeType: 'image/png' })
  expect(await sharp(output.bytes).metadata()).toMatchObject({ width: 1_024, height: 1_024, format: 'png' })
  expect(receipt).toEqual({ trace: env.fake.billed()[0]?.trace ?? '', seed: 4_294_967_294 })
  expect(env.fake.posts()).toBe(1)
})

test('sends the fields of a generation that its endpoint takes, and no others', async () => {
  await using env = await openFakeStability()
  const request = { ...REQUEST, aspectRatio: '16:9', negativePrompt: 'fog' }
  await env.makeCall({
    ...request,
    settings: { style_preset: 'anime', output_format: 'webp', strength: 0.6, steps: 9 },
  })
  await env.makeCall({ ...request, model: 'stability/core', settings: { output_format: 'jpeg' } })
  await env.makeCall({ ...request, model: 'stability/sd3.5-large-turbo', settings: { cfg_scale: 2, strength: 0.6 } })
  const sent = env.fake
    .requests()
    .map(({ path, headers, body }) => ({ path, accept: headers.accept, ...readForm(body) }))
  const common = { prompt: 'a lighthouse', aspect_ratio: '16:9', seed: '7' }
  const at = (path: string, texts: Record<string, string>) => ({
    ...{ path: `/v2beta/stable-image/generate/${path}`, accept: 'application/json', files: [] },
    texts: { ...common, ...texts },
  })
  expect(sent).toEqual([
    at('ultra', { negative_prompt: 'fog', style_preset: 'anime', output_format: 'webp' }),
    at('core', { negative_prompt: 'fog', output_format: 'jpeg' }),
    at('sd3', { model: 'sd3.5-large-turbo', cfg_scale: '2' }),
  ])
})

test('starts from a picture, of which Stable Diffusion takes the ratio', async () => {
  await using env = await openFakeStability()
  const request = { ...REQUEST, operation: 'vary', references: [await createReference('reference')] } as const
  await env.makeCall(request)
  await env.makeCall({ ...request, model: 'stability/sd3.5-medium' })
  const [ultra, sd3] = env.fake.requests().map(({ body }) => readForm(body))
  expect(ultra).toMatchObject({ files: ['image'], texts: { strength: '0.6', aspect_ratio: '1:1' } })
  expect(sd3).toMatchObject({ files: ['image'], texts: { strength: '0.6', mode: 'image-to-image' } })
  expect(sd3?.texts.aspect_ratio).toBeUndefined()
})

/** The form of each edit: its path, its settings, the roles of its images, and the texts and files that are sent. */
const EDITS = [
  ['inpaint', { grow_mask: 9 }, ['source', 'mask'], { prompt: 'a lighthouse', grow_mask: '9', seed: '7' }],
  ['erase', { grow_mask: 5 }, ['source', 'mask'], { grow_mask: '5', seed: '7' }],
  [
    'search-and-replace',
    { search_prompt: 'a boat' },
    ['source'],
    { prompt: 'a lighthouse', search_prompt: 'a boat', seed: '7' },
  ],
  [
    'search-and-recolor',
    { select_prompt: 'a boat' },
    ['source'],
    { prompt: 'a lighthouse', select_prompt: 'a boat', seed: '7' },
  ],
  ['remove-background', { output_format: 'webp' }, ['source'], { output_format: 'webp' }],
  ['upscale-fast', {}, ['source'], {}],
  ['upscale-conservative', { creativity: 0.2 }, ['source'], { prompt: 'a lighthouse', creativity: '0.2', seed: '7' }],
] as const

test('edits by the endpoint of each verb, with its picture and its mask', async () => {
  await using env = await openFakeStability()
  for (const [name, settings, roles, texts] of EDITS) {
    const references = await Promise.all(roles.map(role => createReference(role)))
    const request = { ...REQUEST, model: `stability/${name}`, settings, references, resolution: 'auto' }
    const { outputs } = await env.makeCall(request)
    expect(outputs).toMatchObject([{ kind: 'bytes', index: 3 }])
    const sent = env.fake.requests().at(-1)
    const path = name.startsWith('upscale-') ? name.replace('-', '/') : `edit/${name}`
    expect(sent?.path).toBe(`/v2beta/stable-image/${path}`)
    expect(readForm(sent?.body)).toEqual({ texts, files: roles.map(role => (role === 'mask' ? 'mask' : 'image')) })
  }
})

test('replaces a background by a picture or the prompt, and sends the strength of a light that is there', async () => {
  await using env = await openFakeStability()
  const model = 'stability/replace-background-and-relight'
  const settings = { light_source_strength: 0.3, preserve_original_subject: 0.6 }
  const references = await Promise.all([96, 97, 98].map(width => createReference('reference', width)))
  const request = { ...REQUEST, model, operation: 'edit', settings, references, negativePrompt: 'fog' } as const
  await env.makeCall({ ...request, prompt: ' ' })
  await env.makeCall({ ...request, references: references.slice(0, 1) })
  const [all, alone] = env.fake.requests().map(({ body }) => readForm(body))
  expect(all?.files).toEqual(['subject_image', 'background_reference', 'light_reference'])
  const common = { negative_prompt: 'fog', seed: '7', preserve_original_subject: '0.6' }
  expect(all?.texts).toEqual({ ...common, light_source_strength: '0.3' })
  expect(alone).toEqual({ texts: { ...common, background_prompt: 'a lighthouse' }, files: ['subject_image'] })
})

test('refuses what is known not to be taken before it is sent', async () => {
  await using env = await openFakeStability()
  const [source, mask] = [await createReference('source'), await createReference('mask')]
  const large = { ...source, bytes: new Uint8Array(11_000_000) }
  const refuse = async (request: Partial<ProviderRequest>) =>
    await getProviderError(() => env.makeCall({ ...REQUEST, ...request }))
  const cases: [Partial<ProviderRequest>, string][] = [
    [{ model: 'stability/nonesuch' }, 'model_unknown'],
    [{ model: 'stability/inpaint', references: [source] }, 'reference_refused'],
    [{ model: 'stability/core', references: [source] }, 'reference_refused'],
    [{ model: 'stability/inpaint', references: [large, mask] }, 'reference_refused'],
    [{ model: 'stability/search-and-replace', references: [source] }, 'setting_refused'],
    [{ prompt: ' ' }, 'setting_refused'],
  ]
  for (const [request, code] of cases) expect((await refuse(request)).code).toBe(code as never)
  expect((await refuse({ model: 'stability/search-and-replace', references: [source] })).message).toBe(
    'Fill in “What is replaced”.',
  )
  expect(env.fake.posts()).toBe(0)
})

test('names the field that is refused, in the words of Stability AI, and waits a minute where it is too fast', async () => {
  await using env = await openFakeStability()
  const ratio = await getProviderError(() => env.makeCall({ ...REQUEST, aspectRatio: '7:3' }))
  expect(ratio).toMatchObject({ code: 'setting_refused', failure: 'permanent' })
  expect(ratio.message).toStartWith('Stability AI does not take this ratio. It says: “must be one of 16:9')
  env.fake.setFault('setting-refused')
  const style = await getProviderError(() => env.makeCall())
  expect(style.message).toStartWith('Stability AI does not take this value of “Style”. It says: “must be one of')
  env.fake.setFault('reference-refused')
  expect(await getProviderError(() => env.makeCall())).toMatchObject({ code: 'reference_refused' })
  env.fake.setFault('content-refused')
  expect((await getProviderError(() => env.makeCall())).message).toContain('you were not charged')
  env.fake.setFault('rate-limited')
  expect(await getProviderError(() => env.makeCall())).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 60 })
  env.fake.setFault('rate-limited-until')
  expect((await getProviderError(() => env.makeCall())).retryAfterSeconds).toBe(7_200)
  expect(env.fake.billed()).toEqual([])
})

test('reads an answer that arrives in any pieces, and notices one that is cut off at any byte', async () => {
  await using env = await openFakeStability()
  const { submitting } = env.adapter
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  const core = { ...REQUEST, model: 'stability/core' }
  const { headers, body } = await submitting.submit(core, { idempotencyKey: 'k', signal: neverAborted })
  const bytes = Buffer.concat(await Array.fromAsync(body))
  const read = async (length: number, size: number) => {
    const pieces = Array.from({ length: Math.ceil(length / size) }, (_, n) =>
      bytes.subarray(n * size, Math.min(length, (n + 1) * size)),
    )
    const answer = await submitting.readAnswer(toSavedAnswer(pieces, headers), { ...core, signal: neverAborted })
    return answer.kind === 'outputs' ? await Array.fromAsync(answer.outputs) : []
  }
  expect(await read(bytes.length, 7)).toEqual(await read(bytes.length, 65_536))
  for (const length of [0, 1, 20, Math.floor(bytes.length / 2), bytes.length - 1])
    expect(await getProviderError(() => read(length, 1_000))).toMatchObject({
      code: 'provider_misbehaved',
      failure: 'unknown',
    })
})

test('polls a job by its handle from any process, and reads its image as often as it is polled', async () => {
  await using env = await openFakeStability()
  env.fake.setPolls(2)
  const { handle = '', receipt } = await env.makeCall({ ...UPSCALE, references: [await createReference('source')] })
  expect(handle).toMatch(/^[0-9a-f]{64}:3$/)
  expect(receipt).toEqual({ trace: env.fake.billed()[0]?.trace ?? '' })
  const { url, key } = env.fake
  const later = createStabilityAdapter({ connection: 'stability', baseUrl: url, key })
  for (const [ageSeconds, pollAfterSeconds] of [
    [0, 10],
    [300, 15],
  ] as const)
    expect(await later.check(handle, neverAborted, { ageSeconds })).toEqual({
      kind: 'waiting',
      pollAfterSeconds,
      outputs: [],
    })
  for (let poll = 0; poll < 2; poll += 1) {
    const receipts: unknown[] = []
    const checked = await later.check(handle, neverAborted, { onReceipt: received => receipts.push(received) })
    expect(checked).toMatchObject({ kind: 'finished', outputs: [{ index: 3, kind: 'bytes', mimeType: 'image/webp' }] })
    expect(receipts).toEqual([{ seed: 7 }])
  }
  expect(await later.cancel(handle, neverAborted)).toEqual({ kind: 'unsupported', billed: null })
  env.fake.setFault('job-refused')
  expect(await later.check(handle, neverAborted)).toMatchObject({ kind: 'failed', error: { code: 'content_refused' } })
  env.fake.setFault('expired')
  expect(await later.check(handle, neverAborted)).toEqual({ kind: 'gone' })
  for (const odd of ['../models', 'a:b', 'a/b:1', '', 'a:1:2'])
    expect((await getProviderError(() => later.check(odd, neverAborted))).code).toBe('request_unknown')
  expect(env.fake.posts()).toBe(1)
})

test('polls that fail may be repeated, whatever the fault', async () => {
  await using env = await openFakeStability()
  const { handle = '' } = await env.makeCall({ ...UPSCALE, references: [await createReference('source')] })
  for (const fault of [
    'unavailable',
    'rate-limited',
    'hang',
    'cut-before-answer',
    'cut-mid-body',
    'html',
    'invalid-json',
  ]) {
    env.fake.setFault(fault)
    const adapter = createTestAdapter(env.fake, chooseDeadlines(fault))
    const error = await getProviderError(() => adapter.check(handle, neverAborted))
    expect(`${fault} ${error.failure}`).toBe(`${fault} retryable`)
  }
})

test('offers models that are valid, with the prices that are documented', async () => {
  await using env = await openFakeStability()
  const models = await env.adapter.models(neverAborted)
  for (const model of models) expect(ModelSpec.parse(model)).toEqual(model)
  expect(models[0]).toMatchObject({ id: 'stability/core', operations: ['generate'], inputs: [], negativePrompt: true })
  const find = (name: string) => models.find(({ id }) => id === `stability/${name}`)
  expect(find('inpaint')).toMatchObject({
    mask: 'white-is-edit',
    operations: ['inpaint'],
    answers: 'at-once',
    cancel: 'billed',
    inputs: [
      { role: 'source', min: 1, max: 1 },
      { role: 'mask', min: 1, max: 1 },
    ],
  })
  expect(find('upscale-creative')).toMatchObject({ answers: 'job', outputSeconds: 86_400, cancel: 'no', mask: 'none' })
  expect(find('remove-background')).toMatchObject({ seed: null, negativePrompt: false })
  const priced = { width: 1_024, height: 1_024, resolution: 1_024, settings: {}, references: 0 }
  const prices = models.map(({ id, price }) => [id.slice('stability/'.length), estimateMicros(price, priced)])
  expect(Object.fromEntries(prices)).toEqual({
    ...{ core: 30_000, ultra: 80_000, inpaint: 50_000, erase: 50_000, 'remove-background': 50_000 },
    ...{ 'sd3.5-large': 65_000, 'sd3.5-large-turbo': 40_000, 'sd3.5-medium': 35_000, 'sd3.5-flash': null },
    ...{ 'search-and-replace': 50_000, 'search-and-recolor': 50_000, 'replace-background-and-relight': 80_000 },
    ...{ 'upscale-fast': 20_000, 'upscale-conservative': 400_000, 'upscale-creative': 600_000 },
  })
})

test('a check tells the credits, and models are not offered where it fails', async () => {
  await using env = await openFakeStability()
  const { url, key } = env.fake
  const check = await env.adapter.checkConnection(neverAborted)
  expect(check).toEqual({ ok: true, note: 'It works: 15 models, 1,234.5 credits left. Checking was free.' })
  const bad = [createTestAdapter({ url, key: 'sk-wrong' }), createTestAdapter({ url: `${url}/v1`, key })]
  const expected = ['key_refused', 'provider_refused']
  for (const [at, adapter] of bad.entries()) {
    expect(await adapter.checkConnection(neverAborted)).toMatchObject({ ok: false, error: { code: expected[at] } })
    expect((await getProviderError(() => adapter.models(neverAborted))).code).toBe(expected[at] as never)
  }
  env.fake.setFault('html')
  const html = await env.adapter.checkConnection(neverAborted)
  expect(html).toMatchObject({ ok: false, error: { code: 'provider_refused' } })
  expect(env.fake.posts()).toBe(0)
})
