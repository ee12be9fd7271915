import { expect, test } from 'bun:test'
import { ModelSpec } from '@darkroom/contracts/model'
import { estimateMicros } from '@darkroom/contracts/price'
import { createDocument, ENDPOINTS } from '@darkroom/infra/testing/fake-fal/endpoints'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { neverAborted } from '../../../testing/make-call.ts'
import { isAllowedUrl, toPlatformUrl } from './addresses.ts'
import { createTestAdapter, openFakeFal } from './fal-env.fixture.ts'
import { findInputSchema } from './input-schema.ts'
import { createModelSpecs } from './model-specs.ts'
import { createSchemaSettings } from './schema-settings.ts'

const PLAIN_NAME = /^[A-Za-z0-9.:_-]{1,32}$/

function find(specs: readonly ModelSpec[], name: string): ModelSpec {
  const spec = specs.find(({ id }) => id === `fal/${name}`)
  if (!spec) throw new Error(`${name} is not offered`)
  return spec
}

test('offers the models of the catalogue with the options and prices that fal lists', async () => {
  await using env = await openFakeFal()
  const specs = await env.adapter.models(neverAborted)
  expect(specs).toHaveLength(12)
  for (const spec of specs) expect(ModelSpec.safeParse(spec).error).toBeUndefined()
  expect(specs[0]).toMatchObject({
    id: 'fal/fal-ai/flux-2-pro',
    operations: ['generate', 'edit'],
    price: { kind: 'per-megapixel', currency: 'USD', micros: 30_000 },
    seed: { min: 0, max: 2_147_483_647 },
    negativePrompt: false,
    mask: 'none',
    cancel: 'if-not-begun',
    outputsPerCall: 1,
    outputSeconds: 604_800,
  })
  expect(specs[0]?.settings).toEqual({
    output_format: { type: 'string', title: 'Output Format', enum: ['jpeg', 'png'], default: 'jpeg', 'x-order': 0 },
    safety_tolerance: {
      ...{ type: 'string', title: 'Safety Tolerance', enum: ['1', '2', '3', '4', '5'], default: '2', 'x-order': 1 },
    },
    enable_safety_checker: {
      ...{ type: 'boolean', title: 'Enable Safety Checker', default: true, 'x-order': 2 },
      description: 'Whether to enable the checker.',
    },
  })
  expect(find(specs, 'fal-ai/flux-2').settings.num_inference_steps).toMatchObject({ minimum: 4, maximum: 50 })
  expect(find(specs, 'fal-ai/nano-banana-2').sizes).toMatchObject({
    ratios: ['16:9', '1:1', '9:16', '8:1'],
    tiers: [{ name: '0.5K', side: 512 }, { name: '1K' }, { name: '2K' }, { name: '4K', side: 4_096 }],
  })
})

test('names of tiers and settings are plain', async () => {
  await using env = await openFakeFal()
  for (const specs of [await env.adapter.models(neverAborted), createModelSpecs('fal', new Map(), undefined)]) {
    const tiers = specs.flatMap(({ sizes }) => (sizes.kind === 'ratio' ? sizes.tiers.map(({ name }) => name) : []))
    for (const name of [...tiers, ...specs.flatMap(({ settings }) => Object.keys(settings))])
      expect(name).toMatch(PLAIN_NAME)
  }
})

test('videos have frames, durations and a price that is stated, or none', async () => {
  await using env = await openFakeFal()
  const specs = await env.adapter.models(neverAborted)
  const veo = find(specs, 'fal-ai/veo3.1/fast')
  expect(veo).toMatchObject({ kind: 'video', operations: ['generate', 'animate'], durations: [4, 6, 8] })
  expect(veo.inputs.map(({ role, min, max }) => [role, min, max])).toEqual([
    ['first-frame', 0, 1],
    ['last-frame', 0, 1],
  ])
  const request = { width: 1_280, height: 720, duration: 6, resolution: '1080p', references: 0 }
  expect(estimateMicros(veo.price, { ...request, settings: { generate_audio: true } })).toBe(900_000)
  expect(estimateMicros(veo.price, { ...request, settings: { generate_audio: false } })).toBe(600_000)
  const seedance = find(specs, 'bytedance/seedance-2.0/text-to-video')
  expect(seedance).toMatchObject({ seed: null, price: { kind: 'unknown' } })
  expect(seedance.durations).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
  const kling = find(specs, 'fal-ai/kling-video/v3/pro/image-to-video')
  expect(kling).toMatchObject({ operations: ['animate'], negativePrompt: true })
  expect(kling.inputs[0]).toMatchObject({ role: 'first-frame', min: 1 })
  expect(Object.keys(kling.settings)).toEqual(['cfg_scale', 'generate_audio'])
  const fill = find(specs, 'fal-ai/flux-pro/v1/fill')
  expect(fill).toMatchObject({ operations: ['inpaint'], mask: 'white-is-edit' })
})

test('a price is unknown where endpoints differ, where it is multiplied, and where the unit says nothing', async () => {
  await using env = await openFakeFal()
  const specs = await env.adapter.models(neverAborted)
  const unknown = ['fal-ai/flux-2', 'fal-ai/nano-banana-2', 'fal-ai/nano-banana-pro', 'fal-ai/z-image/turbo']
  for (const name of unknown) expect(find(specs, name).price).toEqual({ kind: 'unknown' })
  expect(find(specs, 'fal-ai/flux/schnell').price).toEqual({ kind: 'per-output', currency: 'USD', micros: 30_000 })
})

test('a model without a schema, or all of them where fal does not list any, are as in the catalogue', async () => {
  await using env = await openFakeFal()
  const listed = find(await env.adapter.models(neverAborted), 'fal-ai/qwen-image-2512')
  const own = find(createModelSpecs('fal', new Map(), undefined), 'fal-ai/qwen-image-2512')
  expect({ ...listed, price: null }).toEqual({ ...own, price: null } as never)
  env.fake.setPlatform({ isWithoutList: true })
  const specs = await env.adapter.models(neverAborted)
  expect(specs).toHaveLength(12)
  expect(specs[0]?.price).toMatchObject({ micros: 30_000 })
})

test('what fal does not know any more is left out, and what it has deprecated says so', async () => {
  await using env = await openFakeFal()
  env.fake.setPlatform({
    unknown: new Set(['fal-ai/flux-2', 'fal-ai/flux-2/edit', 'fal-ai/flux-2-pro/edit']),
    deprecated: new Set(['fal-ai/flux/schnell']),
  })
  const specs = await env.adapter.models(neverAborted)
  expect(specs).toHaveLength(11)
  expect(find(specs, 'fal-ai/flux-2-pro')).toMatchObject({ operations: ['generate'], inputs: [] })
  expect(find(specs, 'fal-ai/flux/schnell').note).toBe('fal has marked it as outdated: it may go soon.')
})

test('a schema that is broken, or needs more than is sent, costs its own model and no other', async () => {
  await using env = await openFakeFal()
  const schnell = { ...ENDPOINTS['fal-ai/flux/schnell'], fields: { prompt: {}, control: {} } }
  const needy = createDocument('fal-ai/flux/schnell', { ...schnell, required: ['prompt', 'control'] } as never)
  env.fake.setPlatform({
    documents: new Map<string, unknown>([
      ['fal-ai/flux/schnell', needy],
      ['fal-ai/z-image/turbo', { paths: 7 }],
      ['fal-ai/flux-2', 'nonsense'],
    ]),
  })
  const ids = (await env.adapter.models(neverAborted)).map(({ id }) => id)
  expect(ids).toHaveLength(11)
  expect(ids).not.toContain('fal/fal-ai/flux/schnell')
})

test('settings survive odd schemas: bounded, plain, and only what can be chosen', () => {
  const fields = {
    prompt: { type: 'string' },
    sync_mode: { type: 'boolean' },
    audio_url: { type: 'string' },
    unbounded: { type: 'integer' },
    upside_down: { type: 'number', minimum: 5, maximum: 1 },
    free_text: { type: 'string' },
    spaced: { type: 'string', enum: ['General Use (Light)', 'plain'], default: 'General Use (Light)' },
    'Bad Name': { type: 'boolean' },
    steps: { anyOf: [{ type: 'null' }, { type: 'integer', minimum: 1, maximum: 8 }], default: 99 },
    referred: { allOf: [{ $ref: '#/components/schemas/Mode' }], title: 'T'.repeat(500), description: 'd'.repeat(900) },
    circle: { $ref: '#/components/schemas/Circle' },
    list: { type: 'array', items: {} },
    huge: { type: 'integer', enum: Array.from({ length: 5_000 }, (_, at) => at) },
  }
  const schemas = {
    Input: { properties: fields },
    Mode: { type: 'string', enum: ['a', 'b'] },
    Circle: { anyOf: [{ $ref: '#/components/schemas/Circle' }] },
  }
  const body = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Input' } } } }
  const input = findInputSchema({ paths: { '/a/b': { post: { requestBody: body } } }, components: { schemas } }, 'a/b')
  if (!input) throw new Error('no schema was found')
  const settings = createSchemaSettings([input])
  expect(Object.keys(settings)).toEqual(['spaced', 'steps', 'referred'])
  expect(settings.spaced).toEqual({ type: 'string', title: 'Spaced', enum: ['plain'], 'x-order': 0 })
  expect(settings.steps).toEqual({ type: 'integer', title: 'Steps', minimum: 1, maximum: 8, 'x-order': 1 })
  expect(settings.referred?.title).toHaveLength(100)
  expect(settings.referred?.description).toHaveLength(300)
  const many = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`b${at}`, { type: 'boolean' }]))
  const crowded = {
    paths: { '/a/b': { post: { requestBody: body } } },
    components: { schemas: { Input: { properties: many } } },
  }
  expect(Object.keys(createSchemaSettings([findInputSchema(crowded, 'a/b') ?? input]))).toHaveLength(20)
})

test('a wrong key and a wrong address fail a check and the list of models alike; both cost nothing', async () => {
  await using env = await openFakeFal()
  expect(await env.adapter.checkConnection(neverAborted)).toEqual({
    ok: true,
    note: 'It works: 12 models. Checking was free.',
  })
  using other = Bun.serve({ port: 0, fetch: () => new Response('<html>Nothing</html>', { status: 404 }) })
  const cases = [
    [createTestAdapter({ url: env.fake.url, key: 'wrong-key' }), 'key_refused'],
    [createTestAdapter({ url: other.url.href, key: 'key' }), 'provider_refused'],
  ] as const
  for (const [adapter, code] of cases) {
    const error = await getProviderError(() => adapter.models(neverAborted))
    expect(error.code).toBe(code)
    expect(await adapter.checkConnection(neverAborted)).toMatchObject({ ok: false, error: { code } })
  }
  env.fake.setFault('html')
  expect(await env.adapter.checkConnection(neverAborted)).toMatchObject({
    error: { code: 'provider_refused', message: expect.stringContaining('There is no fal at this address') },
  })
  expect([env.fake.posts(), env.fake.billed()]).toEqual([0, []])
})

test('the key goes to the connection’s own origin and to the hosts of fal alone', () => {
  const base = 'https://queue.fal.run'
  expect(toPlatformUrl(base)).toBe('https://api.fal.ai/v1')
  expect(toPlatformUrl('http://127.0.0.1:8000/below')).toBe('http://127.0.0.1:8000/platform')
  expect(isAllowedUrl('https://queue.falrun.com/a/b', base)).toBe(true)
  expect(isAllowedUrl('http://127.0.0.1:8000/a', 'http://127.0.0.1:8000')).toBe(true)
  for (const url of ['http://queue.fal.run/a', 'https://fal.run/a', 'https://queue.fal.run@evil.example/a', 'nonsense'])
    expect(isAllowedUrl(url, base)).toBe(false)
})
