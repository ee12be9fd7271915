import { expect, test } from 'bun:test'
import type { Dialect } from '@darkroom/contracts/connection'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import type { Fault } from '@darkroom/infra/testing/fake-openai/faults'
import { FLAVOURS, type Flavour } from '@darkroom/infra/testing/fake-openai-compatible/flavours'
import sharp from 'sharp'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { chooseDeadlines, makeCall, neverAborted } from '../../../testing/make-call.ts'
import { downloadOutput } from '../../outputs/download.ts'
import type { Spool } from '../../outputs/spool.ts'
import type { DownloadAccess, ProviderOutput } from '../adapter.ts'
import { createReference, createRequest, type EnvOptions, startCompatibleEnv } from './compatible-env.fixture.ts'
import { createOpenAiCompatibleAdapter } from './openai-compatible-adapter.ts'

interface FlavourCase {
  /** The note of the check. */
  note: string
  models: string[]
  /** Fields that are sent without and with a reference, prompt and model left out. */
  generates: Record<string, unknown>
  edits: string[]
  references: number
  operations: string[]
  price: unknown
  costMicros: number | undefined
}

const DIFFUSION = { negative_prompt: 'fog', seed: 11 }
const CASES: Record<Flavour, FlavourCase> = {
  localai: {
    note: 'It works: LocalAI, 2 models, sizes free. Checking was free.',
    models: ['stablediffusion', 'flux.1-dev'],
    generates: { size: '96x64', response_format: 'b64_json', step: 9, ...DIFFUSION },
    edits: ['ref_images'],
    references: 4,
    operations: ['generate', 'edit'],
    price: { kind: 'free' },
    costMicros: undefined,
  },
  sdcpp: {
    note: 'It works: stable-diffusion.cpp, 1 model, sizes free. Checking was free.',
    models: ['sd-cpp-local'],
    generates: { size: '96x64' },
    edits: ['image[]', 'mask'],
    references: 16,
    operations: ['generate', 'edit', 'inpaint'],
    price: { kind: 'free' },
    costMicros: undefined,
  },
  'vllm-omni': {
    note: 'It works: vLLM-Omni, 1 model, sizes free. Checking was free.',
    models: ['Qwen/Qwen-Image'],
    generates: { size: '96x64', response_format: 'b64_json', num_inference_steps: 9, ...DIFFUSION },
    edits: ['image[]'],
    references: 4,
    operations: ['generate', 'edit'],
    price: { kind: 'free' },
    costMicros: undefined,
  },
  litellm: {
    note: 'It works: LiteLLM, 1 model, 7 sizes. Checking was free.',
    models: ['dall-e-3'],
    generates: { size: '96x64' },
    edits: ['image[]', 'mask'],
    references: 16,
    operations: ['generate', 'edit', 'inpaint'],
    price: { kind: 'per-output', currency: 'USD', micros: 40_000 },
    costMicros: 40_000,
  },
  together: {
    note: 'It works: Together, 1 model, sizes free. Checking was free.',
    models: ['black-forest-labs/FLUX.1-schnell'],
    generates: { width: 96, height: 64, response_format: 'base64', steps: 9, seed: 11 },
    edits: ['image_url'],
    references: 1,
    operations: ['generate', 'edit'],
    price: { kind: 'unknown' },
    costMicros: undefined,
  },
  xai: {
    note: 'It works: xAI, 1 model, 7 aspect ratios. Checking was free.',
    models: ['grok-imagine-image'],
    generates: { aspect_ratio: '3:2', response_format: 'b64_json' },
    edits: ['image'],
    references: 3,
    operations: ['generate', 'edit'],
    price: { kind: 'unknown' },
    costMicros: 20_000,
  },
  recraft: {
    note: 'It works: Recraft, 5 models, each with its sizes. Checking was free.',
    models: ['recraftv4_1', 'recraftv4_1_pro', 'recraftv4', 'recraftv4_pro', 'recraftv3'],
    generates: { size: '96x64', response_format: 'url' },
    edits: ['image'],
    references: 1,
    operations: ['generate', 'edit'],
    price: { kind: 'unknown' },
    costMicros: 40_000,
  },
  openrouter: {
    note: 'It works: OpenRouter, 3 models, 7 aspect ratios. Checking was free.',
    models: ['google/gemini-3.1-flash-image', 'bytedance-seed/seedream-4.5', 'black-forest-labs/flux.2-pro'],
    generates: { aspect_ratio: '3:2' },
    edits: ['input_references'],
    references: 8,
    operations: ['generate', 'edit'],
    price: { kind: 'unknown' },
    costMicros: 39_000,
  },
}

test.each(Object.keys(CASES) as Flavour[])(
  '%s is recognised, listed, and generates in its own dialect',
  async flavour => {
    const expected = CASES[flavour]
    await using env = await startCompatibleEnv({ flavour })
    expect(await env.adapter.checkConnection(neverAborted)).toMatchObject({ ok: true, note: expected.note })
    const models = await env.adapter.models(neverAborted)
    expect(models.map(model => model.id)).toEqual(expected.models.map(name => `attic/${name}`))
    expect(models[0]).toMatchObject({ operations: expected.operations, price: expected.price, outputsPerCall: 1 })
    expect(models[0]?.inputs.find(({ role }) => role === 'reference')?.max).toBe(expected.references)
    const takers = models.filter(({ inputs }) => inputs.length > 0)
    expect(takers).toHaveLength(flavour === 'openrouter' ? 2 : models.length)
    expect(env.fake.posts()).toBe(0)

    const { outputs, receipt } = await env.generate({ negativePrompt: 'fog', settings: { steps: 9 } })
    const { prompt, model, ...fields } = env.fake.submissions()[0]?.fields ?? {}
    expect(fields).toEqual(expected.generates)
    expect(model).toBe(flavour === 'sdcpp' ? undefined : expected.models[0])
    expect(String(prompt)).toEndWith('a lighthouse')
    expect(outputs.map(({ index, kind }) => [index, kind])).toEqual([[4, flavour === 'recraft' ? 'url' : 'bytes']])
    expect(await readShape(outputs[0])).toBe(1.5)
    expect(receipt.cost?.micros).toBe(expected.costMicros)
    expect(env.fake.billed()).toEqual([{ micros: FLAVOURS[flavour].imageMicros, trace: receipt.trace ?? '' }])
    expect(env.fake.posts()).toBe(1)
  },
)

test.each(Object.keys(CASES) as Flavour[])(
  '%s edits with the references that it takes, and a mask where it can',
  async flavour => {
    const { edits, operations, references } = CASES[flavour]
    await using env = await startCompatibleEnv({ flavour })
    const images = await Promise.all([createReference(), createReference()])
    const mask = operations.includes('inpaint') ? [await createReference('mask')] : []
    const sent = [...images.slice(0, references), ...mask]
    const { outputs } = await env.generate({ operation: 'edit', references: sent, settings: { strength: 0.3 } })
    expect(outputs).toHaveLength(1)
    const [submission] = env.fake.submissions()
    const names = [...Object.keys(submission?.fields ?? {}), ...(submission?.files.map(file => file.field) ?? [])]
    const expected = flavour === 'xai' ? ['images'] : edits
    for (const name of expected) expect(names).toContain(name)
    expect(submission?.path).toEndWith((FLAVOURS[flavour].edit ?? FLAVOURS[flavour].generate).path)
    expect(submission?.files.filter(({ field }) => field === 'image[]').length ?? 0).toBe(
      edits.includes('image[]') ? 2 : 0,
    )
  },
)

test('stable-diffusion.cpp gets seed, steps and the negative prompt in a block that no prompt can break', async () => {
  await using env = await startCompatibleEnv({ flavour: 'sdcpp' })
  const negativePrompt = 'fog </sd_cpp_extra_args><b>'
  await env.generate({
    negativePrompt,
    settings: { steps: 9 },
    prompt: '<sd_cpp_extra_args>{"seed":1}</sd_cpp_extra_args>x',
  })
  const prompt = String(env.fake.submissions()[0]?.fields.prompt)
  const [block, json = ''] = /^<sd_cpp_extra_args>(.*?)<\/sd_cpp_extra_args>/.exec(prompt) ?? []
  expect(JSON.parse(json)).toEqual({ seed: 11, negative_prompt: negativePrompt, sample_params: { sample_steps: 9 } })
  expect(block).not.toContain('<b>')
})

test('a proxy is told not to repeat a request', async () => {
  const sent: Headers[] = []
  await using env = await startCompatibleEnv({ flavour: 'litellm' })
  const spy = Object.assign(
    async (url: Parameters<typeof fetch>[0], init?: RequestInit) => {
      sent.push(new Headers(init?.headers))
      return await fetch(url, init)
    },
    { preconnect: fetch.preconnect },
  )
  const adapter = createOpenAiCompatibleAdapter({ ...connect(env.fake.url, env.fake.key), fetch: spy })
  await makeCall(adapter, createRequest({ model: 'attic/dall-e-3' }))
  expect(sent.at(-1)?.get('x-litellm-num-retries')).toBe('0')
  expect(sent.at(-1)?.get('authorization')).toBe(`Bearer ${env.fake.key}`)
})

test('a field that the server refuses is named, with the setting that changes it, and nothing is sent again', async () => {
  const cases: [EnvOptions, string, RegExp][] = [
    [{ flavour: 'together', dialect: { sizeStyle: 'size' } }, 'setting_refused', /“size”.*“Sizes” in Settings/],
    [{ flavour: 'xai', dialect: { takesSeed: true } }, 'setting_refused', /“seed”.*“Takes a seed” in Settings/],
    [
      { flavour: 'vllm-omni', dialect: { sizeStyle: 'width-height' } },
      'setting_refused',
      /“width”.*“Sizes” in Settings/,
    ],
    [{ flavour: 'recraft', dialect: { takesNegativePrompt: true } }, 'setting_refused', /“negative_prompt”/],
    [
      { flavour: 'openrouter', dialect: { responseFormat: 'url' } },
      'setting_refused',
      /“response_format”.*“Response format”/,
    ],
    [{ flavour: 'litellm', dialect: { references: 'image-url' } }, 'reference_refused', /“image_url”.*“References”/],
    [{ flavour: 'together', dialect: { generatePath: '/paint', models: ['a'] } }, 'model_unknown', /\(404\)/],
  ]
  for (const [options, code, message] of cases) {
    await using env = await startCompatibleEnv(options)
    const references = options.dialect?.references ? [await createReference()] : []
    const error = await getProviderError(() => env.generate({ negativePrompt: 'fog', references }))
    expect(error).toMatchObject({ code, failure: 'permanent' })
    expect(error.message).toMatch(message)
    expect(env.fake.posts()).toBeLessThanOrEqual(1)
    expect(env.fake.billed()).toEqual([])
  }
})

test('an output on the own server is fetched with the key, one elsewhere is not', async () => {
  await using env = await startCompatibleEnv({
    flavour: 'localai',
    key: 'sk-attic',
    dialect: { responseFormat: 'url' },
  })
  const { outputs } = await env.generate()
  expect(outputs).toMatchObject([{ kind: 'url', needsAuth: true, expiresAt: null }])
  const access = env.adapter.download?.()
  expect(access).toEqual({ headers: { authorization: 'Bearer sk-attic' }, origins: [new URL(env.fake.url).origin] })
  const [made] = outputs
  if (made?.kind !== 'url') throw new Error('it is no URL')
  expect((await download(made, access)).bytes).toBeGreaterThan(100)
  await expect(download(made, undefined)).rejects.toThrow('cannot be fetched from')
  await expect(download({ ...made, needsAuth: false }, access)).rejects.toMatchObject({ code: 'status' })
  expect(env.fake.downloads()).toEqual([{ hasKey: true }, { hasKey: false }])
  await using open = await startCompatibleEnv({ flavour: 'localai', dialect: { responseFormat: 'url' } })
  expect((await open.generate()).outputs[0]).not.toHaveProperty('needsAuth')
  expect(open.adapter.download?.()).toEqual({ headers: {}, origins: [new URL(open.fake.url).origin] })
  await using recraft = await startCompatibleEnv({ flavour: 'recraft' })
  const [output] = (await recraft.generate()).outputs
  const hours = output?.kind === 'url' ? ((output.expiresAt?.getTime() ?? 0) - Date.now()) / 3_600_000 : 0
  expect(Math.round(hours)).toBe(24)
})

const UNKNOWN = { failure: 'unknown' }
const REFUSED = { failure: 'permanent' }

test.each<[Fault, object]>([
  ['rate-limited', { code: 'rate_limited', failure: 'retryable', retryAfterSeconds: null }],
  ['rate-limited-until', { code: 'rate_limited', failure: 'retryable', retryAfterSeconds: 7_200 }],
  ['no-credit', { ...REFUSED, code: 'payment_required' }],
  ['wrong-key', { ...REFUSED, code: 'key_refused' }],
  ['no-permission', { ...REFUSED, code: 'no_permission' }],
  ['content-refused', { ...REFUSED, code: 'content_refused' }],
  ['reference-refused', { ...REFUSED, code: 'provider_refused' }],
  ['model-gone', { ...REFUSED, code: 'model_unknown' }],
  ['echo-key', REFUSED],
  ['redirect', REFUSED],
  ['unavailable', { code: 'provider_busy', failure: 'retryable' }],
  ['server-error', { ...UNKNOWN, code: 'provider_refused' }],
  ['hang', { ...UNKNOWN, code: 'provider_silent' }],
  ['cut-before-answer', UNKNOWN],
  ['cut-after-headers', UNKNOWN],
  ['cut-mid-body', UNKNOWN],
  ['html', { ...UNKNOWN, code: 'provider_misbehaved' }],
  ['invalid-json', { ...UNKNOWN, code: 'provider_misbehaved' }],
  ['wrong-shape', { ...UNKNOWN, code: 'provider_misbehaved' }],
  ['no-image', { ...UNKNOWN, code: 'provider_misbehaved' }],
  ['empty-answer', { ...REFUSED, code: 'no_outputs' }],
  ['huge-error', REFUSED],
])('%s: %j, after one request, and without the key', async (fault, expected) => {
  await using env = await startCompatibleEnv({ flavour: 'xai', deadlines: chooseDeadlines(fault) })
  await env.generate()
  env.fake.setFault(fault)
  const error = await getProviderError(() => env.generate())
  expect(error).toMatchObject(expected)
  const shown = JSON.stringify([error.message, error.cause instanceof Error ? error.cause.message : ''])
  expect(shown).not.toContain('sk-canary')
  expect(env.fake.posts()).toBe(2)
})

test('a slow answer counts', async () => {
  await using env = await startCompatibleEnv({ flavour: 'localai' })
  env.fake.setFault('slow')
  expect((await env.generate()).outputs).toHaveLength(1)
})

test('a proxy that has chosen another model says which one ran', async () => {
  await using env = await startCompatibleEnv({ flavour: 'litellm' })
  expect((await env.generate()).receipt.model).toBeUndefined()
  env.fake.setFault('other-model')
  expect((await env.generate()).receipt.model).toBe('vendor/cheaper-model')
})

test('a refused output has an error of its own; outputs beyond those requested are left out', async () => {
  for (const flavour of ['xai', 'recraft'] as const) {
    await using env = await startCompatibleEnv({ flavour })
    env.fake.setFault('output-refused')
    const { outputs, receipt } = await env.generate()
    expect(outputs).toMatchObject([{ index: 4, kind: 'refused', error: { code: 'output_refused' } }])
    expect(receipt.cost).toBeDefined()
    for (const fault of ['wrong-count', 'duplicate-answer'] as const) {
      env.fake.setFault(fault)
      expect((await env.generate()).outputs.map(({ index }) => index)).toEqual([4])
    }
  }
})

test('a check explains a wrong key, a missing one, a server that is not there, and one that is not an API', async () => {
  const check = async (options: EnvOptions) => {
    await using env = await startCompatibleEnv(options)
    return await env.adapter.checkConnection(neverAborted)
  }
  for (const flavour of ['together', 'xai', 'recraft', 'openrouter', 'litellm'] as const)
    expect(await check({ flavour, sentKey: 'sk-wrong' })).toMatchObject({ ok: false, error: { code: 'key_refused' } })
  expect(await check({ flavour: 'xai', sentKey: null })).toMatchObject({
    error: { message: expect.stringMatching(/wants a key/) },
  })

  using page = Bun.serve({
    port: 0,
    fetch: () => new Response('<html>Welcome</html>', { headers: { 'content-type': 'text/html' } }),
  })
  const asPage = createOpenAiCompatibleAdapter(connect(`http://127.0.0.1:${page.port}`, null))
  expect(await asPage.checkConnection(neverAborted)).toMatchObject({
    error: { message: expect.stringMatching(/not an images API/) },
  })
  using missing = Bun.serve({ port: 0, fetch: () => new Response('<html>404</html>', { status: 404 }) })
  const asMissing = createOpenAiCompatibleAdapter(connect(`http://127.0.0.1:${missing.port}/v1`, null))
  expect(await asMissing.checkConnection(neverAborted)).toMatchObject({
    error: { message: expect.stringMatching(/not an images API/) },
  })

  const stopped = Bun.serve({ port: 0, fetch: () => new Response('') })
  const address = `http://127.0.0.1:${stopped.port}`
  await stopped.stop(true)
  const away = createOpenAiCompatibleAdapter(connect(address, 'sk-attic'))
  expect(await away.checkConnection(neverAborted)).toMatchObject({
    error: {
      code: 'provider_unreachable',
      failure: 'retryable',
      message: expect.stringMatching(/Is the server running.*In Docker/),
    },
  })
  await expect(away.models(neverAborted)).rejects.toThrow('Nothing answers there')
})

test('a server that lists nothing has one model, which is not named to it', async () => {
  const bodies: unknown[] = []
  using server = Bun.serve({
    port: 0,
    async fetch(request) {
      if (request.method === 'GET') return Response.json({ error: { message: 'no such route' } }, { status: 404 })
      bodies.push(await request.json())
      return Response.json({ data: [{ url: 'data:image/png;base64,iVBORw0KGgo=' }] })
    },
  })
  const adapter = createOpenAiCompatibleAdapter(connect(`http://127.0.0.1:${server.port}/`, null))
  expect(await adapter.checkConnection(neverAborted)).toMatchObject({
    note: 'It works: a server that speaks as OpenAI does, one model, which it does not name, 7 sizes. Checking was free. If it refuses a field, change what it takes. If it is a machine of your own, set its price to 0.',
    dialect: { server: 'openai' },
  })
  const [model] = await adapter.models(neverAborted)
  const { outputs } = await makeCall(adapter, createRequest({ model: model?.id ?? '', resolution: 'auto' }))
  expect(bodies).toEqual([{ prompt: 'a lighthouse' }])
  expect(outputs).toMatchObject([{ kind: 'bytes', mimeType: 'image/png' }])
})

test('the key goes to no other host than its own, and a URL that is none makes the outcome unknown', async () => {
  const urls = ['https://cdn.example/a.png', '/images/b.png', 'file:///etc/passwd']
  using server = Bun.serve({
    port: 0,
    fetch: request =>
      Response.json({ data: request.method === 'GET' ? [{ id: 'flux' }] : [{ url: urls.shift(), b64_json: null }] }),
  })
  const origin = `http://127.0.0.1:${server.port}`
  const adapter = createOpenAiCompatibleAdapter(connect(`${origin}/v1`, 'sk-attic'))
  const generate = () => makeCall(adapter, createRequest({ model: 'attic/flux' }))
  const elsewhere = { index: 4, kind: 'url', url: 'https://cdn.example/a.png', expiresAt: null } as const
  expect((await generate()).outputs).toEqual([elsewhere])
  expect((await generate()).outputs).toEqual([{ ...elsewhere, url: `${origin}/images/b.png`, needsAuth: true }])
  expect(await getProviderError(generate)).toMatchObject({ code: 'provider_misbehaved', failure: 'unknown' })
})

test('a key that may not list models makes images with those that a user names', async () => {
  using server = Bun.serve({ port: 0, fetch: () => Response.json({ error: { message: 'scope' } }, { status: 403 }) })
  const options = connect(`http://127.0.0.1:${server.port}`, 'sk-narrow')
  const named = createOpenAiCompatibleAdapter({ ...options, dialect: { models: ['gpt-image-2'] } })
  expect(await named.checkConnection(neverAborted)).toMatchObject({ ok: true })
  expect((await named.models(neverAborted)).map(({ id }) => id)).toEqual(['attic/gpt-image-2'])
  const unnamed = createOpenAiCompatibleAdapter(options)
  expect(await unnamed.checkConnection(neverAborted)).toMatchObject({ error: { code: 'no_permission' } })
})

test('a user names server, models and price, and that counts without a request', async () => {
  const dialect: Dialect = { server: 'sd-cpp', models: ['mine'], outputMicros: 5_000, takesMask: false }
  const adapter = createOpenAiCompatibleAdapter({ ...connect('http://127.0.0.1:1', null), dialect })
  expect(await adapter.models(neverAborted)).toMatchObject([
    {
      id: 'attic/mine',
      price: { kind: 'per-output', micros: 5_000 },
      operations: ['generate', 'edit'],
      mask: 'none',
      source: 'written',
      cancel: 'billed',
      seed: { min: 0, max: 2_147_483_647 },
    },
  ])
})

function connect(baseUrl: string, key: string | null) {
  return { connection: 'attic', baseUrl, key, dialect: null, foundDialect: null }
}

/** Downloads an output as a worker does. No output here is large enough for a file. */
async function download(output: Extract<ProviderOutput, { kind: 'url' }>, access: DownloadAccess | undefined) {
  const spool: Spool = { write: () => Promise.reject(new Error('it is too large')) }
  const media = { image: { bytes: 1_000_000, pixels: 1_000_000 }, videoBytes: 1_000_000 }
  const limits = { ...media, deadlineMs: 60_000, idleTimeoutMs: 60_000, maxBufferedBytes: 1_000_000 }
  const budget = createByteBudget(100_000_000)
  await using downloaded = await downloadOutput(
    { allowOrigins: [], budget, spool, limits, access },
    output,
    neverAborted,
  )
  return { bytes: downloaded.bytes }
}

/** Returns the ratio of an output, to a tenth. */
async function readShape(output: ProviderOutput | undefined): Promise<number> {
  if (output?.kind === 'refused' || output === undefined) return 0
  const bytes = output.kind === 'bytes' ? output.bytes : await (await fetch(output.url)).bytes()
  const { width, height } = await sharp(bytes).metadata()
  return Math.round((width / height) * 10) / 10
}
