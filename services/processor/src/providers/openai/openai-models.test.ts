import { expect, test } from 'bun:test'
import { ModelSpec } from '@darkroom/contracts/model'
import { toModel } from '@darkroom/contracts/model-fields'
import { estimateMicros } from '@darkroom/contracts/price'
import { chooseDeadlines, neverAborted } from '../../../testing/make-call.ts'
import { createModelSpecs } from './model-specs.ts'
import { createTestAdapter, openFakeOpenAi } from './openai-env.fixture.ts'

const TODAY = '2026-11-27'

test('offers the models that the account lists, those of the catalogue first, and none that is shut down', async () => {
  await using env = await openFakeOpenAi()
  env.fake.setModels([
    { id: 'gpt-image-9-nova' },
    { id: 'gpt-image-2-2026-04-21' },
    { id: 'gpt-image-2', shutdown_date: '2099-01-01' },
    { id: 'gpt-image-2.5-flare', shutdown_date: '2020-01-01' },
    { id: 'gpt-image-2.6-flare', shutdown_date: 'soon' },
    { id: 'dall-e-3' },
  ])
  const models = await env.adapter.models(neverAborted)
  expect(models.map(({ id, source, retiresAt }) => [id, source, retiresAt])).toEqual([
    ['openai/gpt-image-2.6-flare', 'catalogue', null],
    ['openai/gpt-image-2', 'catalogue', '2099-01-01'],
    ['openai/gpt-image-9-nova', 'discovered', null],
  ])
  expect(models.at(-1)?.price).toEqual({ kind: 'unknown' })
})

test('describes every model as the contract has it, with a price for its defaults', () => {
  const specs = createModelSpecs('openai', undefined, TODAY)
  expect(specs.map(({ id }) => id)).not.toContain('openai/gpt-image-1')
  for (const spec of specs) {
    expect(ModelSpec.parse(spec)).toEqual(spec)
    expect(spec).toMatchObject({ outputsPerCall: 1, answers: 'at-once', resume: 'no', cancel: 'billed', seed: null })
    expect(toModel(spec).maxReferences).toBe(16)
    for (const resolution of [1_024, '1024x1024', '1536x1024', 'auto'])
      for (const quality of spec.settings.quality?.enum ?? []) {
        const [without, among] = [false, true].map(previews => {
          const settings = { quality: String(quality), previews }
          return estimateMicros(spec.price, { width: 1_024, height: 1_024, settings, resolution, references: 0 }) ?? 0
        })
        expect(without).toBeGreaterThan(1_000)
        // Two previews of 100 tokens each, of 8 to 40 USD a million.
        expect(among).toBeGreaterThanOrEqual((without ?? 0) + 1_600)
      }
  }
  const [newest, old] = [specs[0], specs.find(({ id }) => id.endsWith('mini'))]
  expect(Object.keys(newest?.settings ?? {})).toEqual([
    'quality',
    'complexity',
    'background',
    'output_format',
    'output_compression',
    'moderation',
    'previews',
    'resumable',
  ])
  expect(old?.settings).not.toHaveProperty('input_fidelity')
  expect(old).toMatchObject({ retiresAt: '2026-12-01', sizes: { kind: 'list', auto: true } })
})

test('checks a connection for nothing, and tells a key that may not list from one that is wrong', async () => {
  await using env = await openFakeOpenAi()
  const { adapter, fake } = env
  expect(await adapter.checkConnection(neverAborted)).toMatchObject({
    ok: true,
    note: expect.stringMatching(/^It works: \d image models\. Checking was free\.$/),
  })
  fake.setModels([{ id: 'gpt-image-2' }])
  expect(await adapter.checkConnection(neverAborted)).toEqual({
    ok: true,
    note: 'It works: 1 image model. Checking was free.',
  })
  fake.setModels([])
  expect(await adapter.checkConnection(neverAborted)).toMatchObject({
    ok: true,
    note: expect.stringContaining('no image model'),
  })
  fake.setFault('no-permission-to-list')
  expect(await adapter.checkConnection(neverAborted)).toMatchObject({
    ok: true,
    note: expect.stringContaining('may not list'),
  })
  expect((await adapter.models(neverAborted)).length).toBeGreaterThan(4)
  const codes = {
    'wrong-key': 'key_refused',
    'no-credit': 'payment_required',
    'rate-limited-until': 'rate_limited',
    unavailable: 'provider_busy',
    hang: 'provider_silent',
    html: 'provider_misbehaved',
    redirect: 'provider_refused',
  }
  for (const [fault, code] of Object.entries(codes)) {
    fake.setFault(fault)
    const checked = await createTestAdapter(fake, chooseDeadlines(fault)).checkConnection(neverAborted)
    expect(checked).toMatchObject({ ok: false, error: { code } })
    expect(Bun.inspect(checked)).not.toContain('canary')
  }
  fake.setFault(null)
  const wrong = createTestAdapter({ url: fake.url, key: 'sk-wrong' })
  expect(await wrong.checkConnection(neverAborted)).toMatchObject({ ok: false, error: { code: 'key_refused' } })
  const elsewhere = createTestAdapter({ url: fake.url.replace('/v1', '/api'), key: fake.key })
  expect(await elsewhere.checkConnection(neverAborted)).toMatchObject({
    error: { code: 'provider_refused', message: expect.stringContaining('ends in /v1') },
  })
  expect(fake.posts()).toBe(0)
})
