import { expect, test } from 'bun:test'
import { ModelSpec } from '@darkroom/contracts/model'
import { toModel } from '@darkroom/contracts/model-fields'
import { estimateMicros } from '@darkroom/contracts/price'
import { resolveSize } from '@darkroom/contracts/size'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { chooseDeadlines, neverAborted } from '../../../testing/make-call.ts'
import { IMAGE_MODELS, VIDEO_MODELS } from './catalogue.ts'
import { createTestAdapter, openFakeGoogle, REQUEST } from './google-env.fixture.ts'
import { isSameModel, toBaseName } from './model-name.ts'
import { createModelSpecs, type ListedModel } from './model-specs.ts'

function list(...names: string[]): ListedModel[] {
  return names.map(name => ({ name, title: undefined, isGenerative: true }))
}

const OPTIONS = { connection: 'google', today: '2026-11-29', takesBackground: () => false }
const ALL = createModelSpecs(list(...Object.keys(IMAGE_MODELS), ...Object.keys(VIDEO_MODELS)), OPTIONS)

test('offers what the account lists, one variant of each model, and no Imagen', async () => {
  await using env = await openFakeGoogle()
  const models = await env.adapter.models(neverAborted)
  expect(models.map(({ id, kind, source }) => [id, kind, source])).toEqual([
    ['google/gemini-nano-banana-2.1', 'image', 'catalogue'],
    ['google/gemini-3-pro-image', 'image', 'catalogue'],
    ['google/gemini-3.1-flash-lite-image', 'image', 'catalogue'],
    ['google/veo-3.1-generate-preview', 'video', 'catalogue'],
    ['google/veo-3.1-lite-generate-preview', 'video', 'catalogue'],
  ])
})

test('offers an unknown image model with the least that all take, whatever else is listed', async () => {
  await using env = await openFakeGoogle()
  const generative = { supportedGenerationMethods: ['generateContent'] }
  env.fake.setModels([
    null,
    7,
    { name: 'gemini-odd-image' },
    { name: 'models/../x-image' },
    { name: 'models/gemini-9-nova-image', displayName: 'Nova', ...generative },
    { name: 'models/gemini-9-nova-image-preview-11-2026', displayName: 'Nova Preview', ...generative },
    { name: 'models/gemini-8-image-embedding', supportedGenerationMethods: ['embedContent'] },
    { name: 'models/gemini-3-pro-image-preview', displayName: 'x'.repeat(5_000), supportedGenerationMethods: 3 },
    ...Array.from({ length: 2_500 }, (_, at) => ({ name: `models/gemini-many-${at}-image`, ...generative })),
  ])
  const models = await env.adapter.models(neverAborted)
  for (const model of models) expect(ModelSpec.parse(model)).toEqual(model)
  expect(models.slice(0, 2)).toMatchObject([
    { id: 'google/gemini-3-pro-image-preview', name: 'Nano Banana Pro', source: 'catalogue' },
    { id: 'google/gemini-9-nova-image', name: 'Nova', source: 'discovered', price: { kind: 'unknown' }, resume: 'no' },
  ])
  expect(models).toHaveLength(21)
  // Three pages of a thousand.
  expect(env.fake.requests().filter(({ path }) => path.endsWith('/models'))).toHaveLength(3)
})

test('says that a call is a job that can be found again once the model has shown it', async () => {
  await using env = await openFakeGoogle()
  const describe = async () => {
    const [first] = await env.adapter.models(neverAborted)
    return [first?.answers, first?.resume, first?.outputSeconds]
  }
  expect(await describe()).toEqual(['at-once', 'no', null])
  await env.makeCall()
  expect(await describe()).toEqual(['job', 'by-id', 86_400])
  env.fake.refuseBackground('all')
  await env.makeCall({ ...REQUEST })
  expect(await describe()).toEqual(['at-once', 'no', null])
})

test('describes every model as the contract has it, without what it cannot do', () => {
  for (const spec of ALL) {
    expect(ModelSpec.parse(spec)).toEqual(spec)
    expect(spec).toMatchObject({ outputsPerCall: 1, mask: 'none', retiresAt: null })
    for (const { needsPublicUrl, maxBytes } of spec.inputs)
      expect([needsPublicUrl, maxBytes]).toEqual([false, 14_850_000])
    const isVideo = spec.kind === 'video'
    expect([spec.negativePrompt, spec.cancel]).toEqual([isVideo, isVideo ? 'no' : 'billed'])
    expect(spec.seed).toEqual(isVideo ? { min: 0, max: 4_294_967_295 } : null)
    expect(spec.durations).toEqual(isVideo ? [4, 6, 8] : [])
  }
  const inputs = ALL.map(spec => [spec.name, ...spec.inputs.map(({ role, max }) => `${role} ${max}`)])
  expect(inputs).toEqual([
    ['Nano Banana 2.1', 'reference 14'],
    ['Nano Banana Pro', 'reference 14'],
    ['Nano Banana 2 Lite', 'reference 14'],
    ['Nano Banana 2', 'reference 14'],
    ['Nano Banana', 'reference 3'],
    ['Veo 3.1', 'first-frame 1', 'last-frame 1'],
    ['Veo 3.1 Fast', 'first-frame 1', 'last-frame 1'],
    ['Veo 3.1 Lite', 'first-frame 1'],
  ])
  expect(toModel(ALL[0] as ModelSpec)).toMatchObject({ resolutions: ['1K', '2K', '4K', 'auto'], maxReferences: 14 })
  const early = createModelSpecs(list('gemini-3.1-flash-image'), { ...OPTIONS, today: '2026-10-01' })
  expect(early).toMatchObject([{ retiresAt: '2026-10-29' }])
})

test('sizes and prices of an output by what was chosen', () => {
  const find = (name: string) => ALL.find(spec => spec.name === name) as ModelSpec
  const price = (name: string, resolution: number | string, duration?: number) =>
    estimateMicros(find(name).price, { width: 1, height: 1, settings: {}, resolution, references: 0, duration })
  expect(['512', '1K', '2K', '4K', 'auto'].map(tier => price('Nano Banana 2', tier))).toEqual([
    45_000, 67_000, 101_000, 151_000, 67_000,
  ])
  expect([price('Nano Banana 2.1', 1_024), price('Nano Banana 2.1', '4K')]).toEqual([33_600, 113_400])
  // Nobody says what it costs.
  expect(price('Nano Banana 2.1', '2K')).toBeNull()
  expect([price('Veo 3.1', '720p', 4), price('Veo 3.1', '4k', 8), price('Veo 3.1 Fast', '1080p', 8)]).toEqual([
    1_600_000, 4_800_000, 960_000,
  ])
  expect([price('Veo 3.1', '1080p', 6), price('Veo 3.1 Lite', '4k', 8)]).toEqual([null, null])
  const size = (name: string, aspectRatio: string, resolution: string) =>
    resolveSize(find(name).sizes, { aspectRatio, resolution })
  expect(size('Veo 3.1', '16:9', '720p')).toEqual({ width: 1_280, height: 720 })
  expect(size('Veo 3.1', '9:16', '1080p')).toEqual({ width: 1_080, height: 1_920 })
  expect(size('Veo 3.1', '16:9', '4k')).toEqual({ width: 3_840, height: 2_160 })
  expect(size('Nano Banana Pro', '1:4', '1K')).toBeUndefined()
})

test('tells a variant of a model from another model', () => {
  expect(isSameModel('models/gemini-3-pro-image-preview', 'gemini-3-pro-image-001')).toBe(true)
  expect(isSameModel('gemini-2.5-flash-image-preview-09-2025', 'gemini-2.5-flash-image')).toBe(true)
  expect(isSameModel('gemini-3-pro-image', 'gemini-3.1-flash-image')).toBe(false)
  expect(toBaseName('gemini-nano-banana-2.1')).toBe('gemini-nano-banana-2.1')
})

test('checks a connection for nothing, and fails as the list does', async () => {
  await using env = await openFakeGoogle()
  const { adapter, fake } = env
  expect(await adapter.checkConnection(neverAborted)).toEqual({
    ok: true,
    note: 'It works: 3 image models, 2 video models. Checking was free.',
  })
  fake.setModels([])
  expect(await adapter.checkConnection(neverAborted)).toMatchObject({
    note: 'The key works, but the account lists no model for images or videos. Checking was free.',
  })
  for (const [fault, code] of Object.entries({
    'wrong-key': 'key_refused',
    'no-permission': 'no_permission',
    'no-credit': 'payment_required',
    'rate-limited-until': 'rate_limited',
    unavailable: 'provider_busy',
    hang: 'provider_silent',
    html: 'provider_refused',
    redirect: 'provider_refused',
  })) {
    fake.setFault(fault)
    const adapter = createTestAdapter(fake, chooseDeadlines(fault))
    const checked = await adapter.checkConnection(neverAborted)
    expect([fault, checked]).toMatchObject([fault, { ok: false, error: { code } }])
    expect((await getProviderError(() => adapter.models(neverAborted))).code).toBe(code as 'key_refused')
    expect(Bun.inspect(checked, { depth: 20 })).not.toContain('AIzaCanary')
  }
  fake.setFault(null)
  const wrong = createTestAdapter({ url: fake.url, key: 'AIzaWrong' })
  expect(await wrong.checkConnection(neverAborted)).toMatchObject({ ok: false, error: { code: 'key_refused' } })
  const elsewhere = createTestAdapter({ url: fake.url.replace('/v1beta', '/v2'), key: fake.key })
  expect(await elsewhere.checkConnection(neverAborted)).toMatchObject({
    error: { code: 'provider_refused', message: expect.stringContaining('ends in /v1beta') },
  })
  expect(fake.posts()).toBe(0)
})
