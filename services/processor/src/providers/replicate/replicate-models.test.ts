import { afterAll, beforeAll, expect, test } from 'bun:test'
import { ModelSpec } from '@darkroom/contracts/model'
import { FAKE_MODELS, renderModel } from '@darkroom/infra/testing/fake-replicate/model-schemas'
import { neverAborted } from '../../../testing/make-call.ts'
import { readInputFields } from './input-schema.ts'
import { createTestAdapter, openFakeReplicate } from './replicate-env.fixture.ts'

type Env = Awaited<ReturnType<typeof openFakeReplicate>>
let env: Env
beforeAll(async () => {
  env = await openFakeReplicate()
})
afterAll(async () => await env[Symbol.asyncDispose]())

const findSpec = (id: string) => env.specs.find(spec => spec.id === `replicate/${id}`)

test('the models of Replicate: are those of the catalogue that Replicate has, in its order, and valid', () => {
  expect(env.specs.map(({ id }) => id)).toEqual(
    [
      'black-forest-labs/flux-2-pro',
      'google/nano-banana-pro',
      'black-forest-labs/flux-fill-pro',
      'black-forest-labs/flux-schnell',
      'recraft-ai/recraft-remove-background',
      'nightmareai/real-esrgan',
      'kwaivgi/kling-v2.5-turbo-pro',
      'wan-video/wan-2.5-i2v',
    ].map(id => `replicate/${id}`),
  )
  for (const spec of env.specs) expect(ModelSpec.safeParse(spec).error).toBeUndefined()
})

test('the models of Replicate: an image model has what its schema has inputs for', () => {
  expect(findSpec('black-forest-labs/flux-2-pro')).toMatchObject({
    kind: 'image',
    operations: ['generate', 'edit'],
    sizes: {
      kind: 'ratio',
      ratios: ['1:1', '16:9', '3:2', '2:3', '4:5', '5:4', '9:16', '3:4', '4:3'],
      tiers: [
        { name: '0.5MP', side: 724 },
        { name: '1MP', side: 1_024 },
        { name: '2MP', side: 1_448 },
        { name: '4MP', side: 2_048 },
      ],
      auto: true,
    },
    inputs: [{ role: 'reference', min: 0, max: 8 }],
    mask: 'none',
    seed: { min: 0, max: 2_147_483_647 },
    negativePrompt: false,
    outputsPerCall: 1,
    price: { kind: 'unknown' },
    answers: 'job',
    cancel: 'if-not-begun',
    outputSeconds: 3_600,
  })
  expect(findSpec('black-forest-labs/flux-2-pro')?.settings).toEqual({
    safety_tolerance: {
      ...{ type: 'integer', title: 'Safety tolerance', minimum: 1, maximum: 5, default: 2, 'x-order': 0 },
    },
    output_format: {
      ...{ type: 'string', title: 'Output format', enum: ['webp', 'jpg', 'png'] },
      ...{ default: 'webp', 'x-order': 1 },
    },
    output_quality: { type: 'integer', title: 'Output quality', minimum: 0, maximum: 100, default: 80, 'x-order': 2 },
  })
})

test('the models of Replicate: no seed, no mask, no negative prompt where there is no input for it', () => {
  expect(findSpec('google/nano-banana-pro')).toMatchObject({ seed: null, mask: 'none', negativePrompt: false })
  expect(findSpec('google/nano-banana-pro')?.inputs).toMatchObject([{ role: 'reference', max: 14 }])
})

test('the models of Replicate: the number of outputs is no setting, and megapixels are tiers', () => {
  const schnell = findSpec('black-forest-labs/flux-schnell')
  expect(Object.keys(schnell?.settings ?? {})).toEqual(['num_inference_steps', 'output_format', 'go_fast'])
  expect(schnell?.sizes).toMatchObject({
    tiers: [
      { name: '0.25MP', side: 512 },
      { name: '1MP', side: 1_024 },
    ],
  })
  expect(schnell?.price).toEqual({ kind: 'per-output', currency: 'USD', micros: 3_000 })
})

test('the models of Replicate: a model that fills a part of an image needs the mask', () => {
  expect(findSpec('black-forest-labs/flux-fill-pro')).toMatchObject({
    operations: ['inpaint'],
    mask: 'white-is-edit',
    inputs: [
      { role: 'reference', min: 1, max: 1 },
      { role: 'mask', min: 1, max: 1 },
    ],
  })
})

test('the models of Replicate: a model that changes its image by itself takes that image', () => {
  const inputs = [{ role: 'source', min: 1, max: 1 }]
  expect(findSpec('recraft-ai/recraft-remove-background')).toMatchObject({
    operations: ['remove-background'],
    inputs,
  })
  expect(findSpec('nightmareai/real-esrgan')).toMatchObject({
    ...{ operations: ['upscale'], inputs, sizes: { kind: 'scale', factor: 4 } },
    note: expect.stringContaining('billed by the time'),
  })
})

test('the models of Replicate: a video model has seconds and frames; an input that is deprecated beside them is not offered', () => {
  expect(findSpec('kwaivgi/kling-v2.5-turbo-pro')).toMatchObject({
    kind: 'video',
    operations: ['generate', 'animate'],
    durations: [5, 10],
    negativePrompt: true,
    sizes: { kind: 'ratio', tiers: [{ name: '720p', side: 960 }] },
    inputs: [
      { role: 'first-frame', min: 0, max: 1 },
      { role: 'last-frame', min: 0, max: 1 },
    ],
    settings: {},
  })
  expect(findSpec('wan-video/wan-2.5-i2v')).toMatchObject({
    operations: ['animate'],
    inputs: [{ role: 'first-frame', min: 1, max: 1 }],
    settings: { resolution: { enum: ['480p', '720p', '1080p'], default: '720p' } },
  })
})

const id = 'google/nano-banana-pro'
const withInput = (properties: object, required: unknown = ['prompt']) => ({
  latest_version: {
    id: 'a'.repeat(64),
    openapi_schema: { components: { schemas: { Input: { properties, required } } } },
  },
})
const PROMPT = { type: 'string' }
const UNUSABLE: [string, object][] = [
  ['no version', { latest_version: null }],
  ['no inputs', withInput({})],
  [
    'a required input that no one can fill',
    withInput({ prompt: PROMPT, audio: { type: 'string', format: 'uri' } }, ['audio']),
  ],
  ['a required key', withInput({ prompt: PROMPT, openai_api_key: { type: 'string' } }, ['openai_api_key'])],
  ['a required input that makes no sense', withInput({ prompt: PROMPT, thing: 7 }, ['thing'])],
  ['no prompt', withInput({ steps: { type: 'integer' } }, [])],
]

test.each(UNUSABLE)(
  'models that Replicate describes oddly: %s: the model is left out, and the others stay',
  async (_, answer) => {
    await using own = await openFakeReplicate()
    own.fake.setModel(id, answer)
    const ids = (await own.adapter.models(neverAborted)).map(spec => spec.id)
    expect(ids).not.toContain(`replicate/${id}`)
    expect(ids).toHaveLength(env.specs.length - 1)
  },
)

test('models that Replicate describes oddly: inputs that make no sense are left out, numbers and lists are bounded', async () => {
  await using own = await openFakeReplicate()
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`extra_${at}`, { type: 'boolean' }]))
  own.fake.setModel(
    id,
    withInput({
      prompt: { type: 'string', maxLength: 1e12 },
      seed: { type: 'integer', minimum: -5, maximum: 1e300 },
      images: { type: 'array', items: { type: 'string', format: 'uri' }, maxItems: 1e9 },
      reversed: { type: 'number', minimum: 9, maximum: 1, default: 'x' },
      secret: { type: 'string', 'x-cog-secret': true },
      choice: { enum: ['a', 'a', null, {}], description: `${'long '.repeat(200)}` },
      output_format: { type: 'string', enum: ['svg', 'png'] },
      'bad name': { type: 'boolean' },
      nested: { type: 'object' },
      ...many,
    }),
  )
  const spec = (await own.adapter.models(neverAborted)).find(model => model.id === `replicate/${id}`)
  expect(ModelSpec.safeParse(spec).error).toBeUndefined()
  expect(spec).toMatchObject({
    promptCharacters: 32_000,
    seed: { min: 0, max: Number.MAX_SAFE_INTEGER },
    inputs: [{ role: 'reference', max: 16 }],
    settings: {
      reversed: { type: 'number' },
      choice: { enum: ['a'] },
      output_format: { enum: ['png'], default: 'png' },
    },
  })
  expect(spec?.settings.reversed).not.toHaveProperty('minimum')
  expect(Object.keys(spec?.settings ?? {})).toHaveLength(40)
  for (const name of ['secret', 'bad name', 'nested']) expect(spec?.settings).not.toHaveProperty(name)
})

test('models that Replicate describes oddly: an answer that is not Replicate’s is an error, not an empty list', async () => {
  await using own = await openFakeReplicate()
  own.fake.setModel(id, ['something else'])
  await expect(own.adapter.models(neverAborted)).rejects.toMatchObject({
    code: 'provider_misbehaved',
    failure: 'retryable',
  })
})

test('models that Replicate describes oddly: an optional input of the newer Cog is one of its type', () => {
  const anyOf = [{ type: 'integer', minimum: 1 }, { type: 'null' }]
  const fields = readInputFields({ Input: { properties: { steps: { anyOf, title: 'Steps', 'x-order': 0 } } } })
  expect(fields).toMatchObject([{ name: 'steps', type: 'integer', title: 'Steps', minimum: 1, isRequired: false }])
})

test('models that Replicate describes oddly: a model whose version is gone cannot be run by it', async () => {
  await using own = await openFakeReplicate()
  const esrgan = FAKE_MODELS['nightmareai/real-esrgan']
  if (!esrgan) throw new Error('expected a model')
  own.fake.setModel('nightmareai/real-esrgan', renderModel('nightmareai/real-esrgan', { ...esrgan, version: 'latest' }))
  const ids = (await own.adapter.models(neverAborted)).map(spec => spec.id)
  expect(ids).not.toContain('replicate/nightmareai/real-esrgan')
})

test('the key and the address: a wrong key fails the check and the list alike', async () => {
  const adapter = createTestAdapter({ ...env.fake, key: 'r8_another' })
  expect(await adapter.checkConnection(neverAborted)).toMatchObject({ ok: false, error: { code: 'key_refused' } })
  await expect(adapter.models(neverAborted)).rejects.toMatchObject({ code: 'key_refused' })
})

test('the key and the address: a wrong address fails both with a sentence about it', async () => {
  const wrong = createTestAdapter({ ...env.fake, url: env.fake.url.replace(/\/v1$/, '') })
  const expected = {
    code: 'provider_refused',
    message: expect.stringContaining('There is no Replicate at this address'),
  }
  expect(await wrong.checkConnection(neverAborted)).toMatchObject({ ok: false, error: expected })
  await expect(wrong.models(neverAborted)).rejects.toMatchObject(expected)
  await using own = await openFakeReplicate()
  own.fake.setFault('html')
  expect(await own.adapter.checkConnection(neverAborted)).toMatchObject({ ok: false, error: expected })
  await expect(own.adapter.models(neverAborted)).rejects.toMatchObject(expected)
})

test('the key and the address: a check names the account, and costs nothing', async () => {
  expect(await env.adapter.checkConnection(neverAborted)).toEqual({
    ok: true,
    note: 'It works. The account is darkroom. Checking was free.',
  })
  expect([env.fake.posts(), env.fake.billed()]).toEqual([0, []])
})
