import { expect, test } from 'bun:test'
import { ModelSpec } from '@darkroom/contracts/model'
import { isValidSetting } from '@darkroom/contracts/model-fields'
import { listResolutions } from '@darkroom/contracts/size'
import sharp from 'sharp'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { DEADLINES, makeCall, neverAborted } from '../../../testing/make-call.ts'
import type { ProviderRequest } from '../adapter.ts'
import { createSdCppAdapter } from './sdcpp-adapter.ts'
import { createReference, createTestAdapter, openFakeSdCpp, REQUEST } from './sdcpp-env.fixture.ts'

const VIDEO: ProviderRequest = {
  ...REQUEST,
  model: 'sdcpp/wan:video',
  kind: 'video',
  width: 832,
  height: 480,
  indices: [4],
  duration: 2,
  settings: { fps: 16 },
}

test('describes the loaded model by its capabilities', async () => {
  await using env = await openFakeSdCpp()
  const [spec, ...others] = await env.adapter.models(neverAborted)
  expect(others).toEqual([])
  expect(ModelSpec.parse(spec)).toMatchObject({
    id: 'sdcpp/sd_xl_base_1.0',
    kind: 'image',
    operations: ['generate', 'edit', 'inpaint'],
    sizes: { kind: 'grid', step: 16, minSide: 64, maxSide: 4_096 },
    outputsPerCall: 4,
    mask: 'white-is-edit',
    price: { kind: 'free' },
    answers: 'job',
    resume: 'by-id',
    cancel: 'if-not-begun',
    outputSeconds: 600,
  })
  expect(spec?.inputs.map(({ role, max }) => [role, max])).toEqual([
    ['source', 1],
    ['reference', 4],
    ['mask', 1],
  ])
  const { settings = {} } = spec ?? {}
  expect(settings).toMatchObject({
    steps: { default: 20, maximum: 100 },
    sampler: { default: 'euler_a' },
    scheduler: { enum: ['discrete', 'normal', 'karras', 'exponential'] },
    cfg: { default: 7 },
    strength: { default: 0.75 },
    lora: { enum: ['none', 'styles/ink.safetensors', 'lcm.safetensors'], default: 'none' },
    hires: { default: false },
    hires_upscaler: { default: 'Latent', 'x-when': { setting: 'hires', in: [true] } },
    hires_strength: { default: 0.7 },
  })
  for (const [name, setting] of Object.entries(settings)) {
    expect(name).toMatch(/^[a-z_]+$/)
    if (setting.default !== undefined) expect([name, isValidSetting(setting, setting.default)]).toEqual([name, true])
  }
  expect(listResolutions(spec?.sizes ?? { kind: 'list', sizes: [], auto: false }, '1:1')).toContain(1_024)
})

test('describes videos where the server can pack them as WebM, and says so where it cannot', async () => {
  await using env = await openFakeSdCpp({ model: { stem: 'wan', modes: ['vid_gen'] } })
  expect(await env.adapter.models(neverAborted)).toMatchObject([
    {
      id: 'sdcpp/wan:video',
      kind: 'video',
      operations: ['generate', 'animate'],
      durations: [1, 2, 3, 4, 5],
      outputsPerCall: 1,
      inputs: [{ role: 'first-frame' }, { role: 'last-frame' }],
      settings: { fps: { default: 16 } },
    },
  ])
  env.fake.load({ videoFormats: ['webp', 'avi'] })
  expect(await env.adapter.models(neverAborted)).toEqual([])
  expect(await env.adapter.checkConnection(neverAborted)).toMatchObject({ note: expect.stringContaining('WebM') })
  env.fake.load({ modes: ['img_gen', 'vid_gen'], videoFormats: ['webm'] })
  expect((await env.adapter.models(neverAborted)).map(({ kind }) => kind)).toEqual(['image', 'video'])
})

test('sends every setting in the server’s words, and seed and size as they are', async () => {
  await using env = await openFakeSdCpp()
  const settings = {
    ...{ steps: 9, cfg: 4.5, distilled_guidance: 3, sampler: 'heun', scheduler: 'karras', clip_skip: 2, strength: 0.4 },
    ...{ lora: 'lcm.safetensors', lora_weight: 0.5 },
    ...{ hires: true, hires_upscaler: 'Lanczos', hires_scale: 2, hires_strength: 0.3, hires_steps: 0 },
  }
  await env.accept({ ...REQUEST, settings })
  expect(env.lastBody()).toEqual({
    prompt: 'hills at dusk',
    negative_prompt: 'people',
    width: 256,
    height: 192,
    seed: 7,
    clip_skip: 2,
    sample_params: {
      sample_steps: 9,
      sample_method: 'heun',
      scheduler: 'karras',
      guidance: { txt_cfg: 4.5, distilled_guidance: 3 },
    },
    lora: [{ path: 'lcm.safetensors', multiplier: 0.5 }],
    batch_count: 2,
    hires: { enabled: true, upscaler: 'Lanczos', scale: 2, denoising_strength: 0.3, steps: 0 },
    output_format: 'png',
  })
  await env.accept({ ...REQUEST, settings: { lora: 'none', lora_weight: 1, hires: false, hires_scale: 2 } })
  const { lora, hires, sample_params } = env.lastBody()
  expect([lora, hires, sample_params]).toEqual([undefined, undefined, { guidance: {} }])
})

test('sends a source as the start, other images as references, and a mask with the image that it is for', async () => {
  await using env = await openFakeSdCpp()
  const [source, first, second, mask] = await Promise.all([
    createReference('source', 10),
    createReference('reference', 20),
    createReference('reference', 30),
    createReference('mask', 255),
  ])
  const toText = ({ bytes }: { bytes: Uint8Array }) => Buffer.from(bytes).toString('base64')
  const settings = { strength: 0.6, edit_by: 'strength' }
  await env.accept({ ...REQUEST, operation: 'edit', references: [source, first, second], settings })
  expect(env.lastBody()).toMatchObject({
    init_image: toText(source),
    ref_images: [toText(first), toText(second)],
    strength: 0.6,
  })
  await env.accept({ ...REQUEST, references: [source, first], settings: { ...settings, edit_by: 'reference' } })
  expect(env.lastBody()).toMatchObject({ ref_images: [toText(source), toText(first)] })
  expect(env.lastBody()).not.toHaveProperty('init_image')
  expect(env.lastBody()).not.toHaveProperty('strength')
  await env.accept({ ...REQUEST, operation: 'inpaint', references: [first, mask], settings })
  expect(env.lastBody()).toMatchObject({ init_image: toText(first), mask_image: toText(mask), strength: 0.6 })
  expect(env.lastBody()).not.toHaveProperty('ref_images')
  await env.accept({ ...REQUEST, references: [first], settings })
  expect(env.lastBody()).toMatchObject({ ref_images: [toText(first)] })
  expect(env.lastBody()).not.toHaveProperty('strength')
})

test('makes a video of whole seconds with its first and last frame', async () => {
  await using env = await openFakeSdCpp({ model: { stem: 'wan', modes: ['vid_gen'] } })
  const references = await Promise.all([createReference('first-frame', 1), createReference('last-frame', 2)])
  const handle = await env.accept({ ...VIDEO, references })
  expect(env.lastBody()).toMatchObject({ video_frames: 33, fps: 16, output_format: 'webm' })
  expect(env.lastBody()).toMatchObject({ init_image: expect.any(String), end_image: expect.any(String) })
  await env.check(handle)
  const checked = await env.check(handle, { indices: VIDEO.indices })
  expect(checked).toMatchObject({
    kind: 'finished',
    outputs: [{ index: 4, kind: 'bytes', mimeType: 'video/webm', duration: 33 / 16 }],
  })
})

test('polls a job through the queue to its images, by its id alone', async () => {
  await using env = await openFakeSdCpp()
  env.fake.setPolls(3)
  const handle = await env.accept()
  expect(handle).toMatch(/^job_[0-9a-f]+_00000001$/)
  const waiting = { kind: 'waiting', outputs: [], pollAfterSeconds: 1 }
  expect(await env.check(handle)).toEqual({ ...waiting, kind: 'waiting', queuePosition: 2 })
  expect(await env.check(handle)).toEqual({ ...waiting, kind: 'waiting', queuePosition: 1 })
  const running = await env.check(handle, { indices: REQUEST.indices, ageSeconds: 60 })
  expect(running).toEqual({ kind: 'waiting', outputs: [], pollAfterSeconds: 2 })
  const finished = await env.check(handle)
  if (finished.kind !== 'finished') throw new Error(finished.kind)
  expect(finished.outputs).toMatchObject([
    { index: 2, kind: 'bytes', mimeType: 'image/png' },
    { index: 3, kind: 'bytes', mimeType: 'image/png' },
  ])
  const [output] = finished.outputs
  if (output?.kind !== 'bytes') throw new Error('expected bytes')
  expect(await sharp(output.bytes).metadata()).toMatchObject({ width: 256, height: 192 })
  const polls = env.fake.requests().filter(({ path }) => path.includes('/jobs/'))
  expect(new Set(polls.map(({ path }) => path))).toEqual(new Set([`/sdcpp/v1/jobs/${handle}`]))
})

test('a job that has expired is gone; one that a new start has lost may be made again; no other path is asked', async () => {
  await using env = await openFakeSdCpp()
  const handle = await env.accept()
  env.fake.forget('restart')
  expect(await env.check(handle)).toMatchObject({
    kind: 'failed',
    error: { code: 'request_forgotten', failure: 'retryable' },
  })
  expect(await env.adapter.cancel(handle, neverAborted)).toEqual({ kind: 'cancelled', billed: false })
  env.fake.forget('expired')
  expect(await env.check(handle)).toEqual({ kind: 'gone' })
  expect(await env.adapter.cancel(handle, neverAborted)).toEqual({ kind: 'too-late', billed: false })
  const before = env.fake.requests().length
  for (const odd of ['../../v1/models', 'http://elsewhere/x', '', 'a'.repeat(300)])
    expect(await env.check(odd)).toEqual({ kind: 'never-seen' })
  expect(env.fake.requests()).toHaveLength(before)
})

test('a 404 that is not the server’s own is a proxy that has lost it: the poll is tried again', async () => {
  await using server = await serve(() => new Response('<html>404</html>', { status: 404 }))
  const error = await getProviderError(() => server.adapter.check('job_1', neverAborted))
  expect(error).toMatchObject({ code: 'provider_unreachable', failure: 'retryable' })
  const refused = await getProviderError(() => makeCall(server.adapter, REQUEST))
  expect(refused).toMatchObject({ code: 'provider_unreachable', failure: 'retryable' })
})

test('stops a job in the queue, and not one that has begun', async () => {
  await using env = await openFakeSdCpp()
  env.fake.setPolls(5)
  const queued = await env.accept()
  expect(await env.adapter.cancel(queued, neverAborted)).toEqual({ kind: 'cancelled', billed: false })
  expect(await env.check(queued)).toMatchObject({ kind: 'failed', error: { code: 'cancelled_by_provider' } })
  env.fake.setPolls(1)
  const begun = await env.accept()
  await env.check(begun)
  expect(await env.adapter.cancel(begun, neverAborted)).toEqual({ kind: 'too-late', billed: false })
  expect(await env.check(begun)).toMatchObject({ kind: 'finished' })
  expect(await env.adapter.cancel(begun, neverAborted)).toEqual({ kind: 'too-late', billed: false })
  env.fake.setFault('unavailable')
  const error = await getProviderError(() => env.adapter.cancel(begun, neverAborted))
  expect(error).toMatchObject({ code: 'provider_busy', failure: 'retryable' })
})

test('says what the server says: a job that failed, a full queue, another model', async () => {
  await using env = await openFakeSdCpp()
  env.fake.setFault('job-failed')
  const failed = await env.accept()
  await env.check(failed)
  const checked = await env.check(failed)
  if (checked.kind !== 'failed') throw new Error(checked.kind)
  expect(checked.error).toMatchObject({ code: 'provider_failed', failure: 'permanent' })
  expect(checked.error.message).toContain('It says: “generate_image returned no results”')
  env.fake.setFault('queue-full')
  const full = await getProviderError(() => env.accept())
  expect(full).toMatchObject({ code: 'too_many_at_once', failure: 'retryable', retryAfterSeconds: null })
  env.fake.setFault(null)
  const before = env.fake.posts()
  env.fake.load({ stem: 'flux' })
  const other = await getProviderError(() => env.accept())
  expect(other).toMatchObject({ code: 'model_unknown', failure: 'permanent' })
  expect(other.message).toContain('flux')
  expect(env.fake.posts()).toBe(before)
})

test('fewer images than were requested are those that there are', async () => {
  await using env = await openFakeSdCpp()
  const handle = await env.accept({ ...REQUEST, indices: [0] })
  await env.check(handle)
  expect(await env.check(handle, { indices: [0, 1] })).toMatchObject({ outputs: [{ index: 0 }] })
})

test('a key is a token, or a user with a password, and checks and lists fail alike without it', async () => {
  await using env = await openFakeSdCpp({ key: 'user:pass-word' })
  expect(await env.adapter.checkConnection(neverAborted)).toEqual({
    ok: true,
    note: 'It works: sd_xl_base_1.0, which makes images. Checking was free.',
  })
  const [request] = env.fake.requests()
  expect(request?.headers.authorization).toBe(`Basic ${btoa('user:pass-word')}`)
  const wrong = createTestAdapter({ url: env.fake.url, key: 'another' })
  expect(await wrong.checkConnection(neverAborted)).toMatchObject({ ok: false, error: { code: 'key_refused' } })
  expect(await getProviderError(() => wrong.models(neverAborted))).toMatchObject({ code: 'key_refused' })
})

test('the address may have the path of an API at its end', async () => {
  await using env = await openFakeSdCpp()
  for (const ending of ['/', '/v1', '/sdcpp/v1/']) {
    const adapter = createTestAdapter({ url: env.fake.url + ending, key: env.fake.key })
    expect(await adapter.checkConnection(neverAborted)).toMatchObject({ ok: true })
  }
})

test.each([
  ['another server', () => new Response('<html>Welcome</html>', { headers: { 'content-type': 'text/html' } })],
  ['a server without the API', () => new Response('no', { status: 404 })],
  ['other JSON', () => Response.json({ data: [] })],
])('%s at the address: a sentence that helps', async (_, answer) => {
  await using server = await serve(answer)
  const check = await server.adapter.checkConnection(neverAborted)
  if (check.ok) throw new Error(check.note)
  expect(check.error).toMatchObject({ code: 'provider_refused', failure: 'permanent' })
  expect(check.error.message).toContain('no stable-diffusion.cpp')
  expect(await getProviderError(() => server.adapter.models(neverAborted))).toMatchObject({ code: 'provider_refused' })
})

test('odd capabilities: what cannot be used is left out, and the rest stays', async () => {
  const answer = {
    model: { stem: 7, name: 'odd.gguf' },
    supported_modes: ['img_gen', 'audio_gen', 5],
    current_mode: 'img_gen',
    // As older servers have them: of the current mode alone.
    features: { init_image: true, mask_image: 'yes', lora: true, hires: true },
    defaults: { strength: 'strong', sample_params: { sample_steps: 1e9, sample_method: 'default', guidance: null } },
    samplers: ['euler', 'euler', '', null, 'x'.repeat(5_000)],
    schedulers: 'none',
    loras: [{ path: 'a.safetensors' }, 'b', null, { path: 'none' }, { path: '\ud800' }],
    upscalers: Array.from({ length: 5_000 }, (_, n) => ({ name: `u${n}` })),
    limits: { min_width: -1, max_width: 1e12, min_height: 'a', max_height: 512, max_batch_count: 1e9 },
  }
  await using server = await serve(() => Response.json(answer))
  const [spec] = await server.adapter.models(neverAborted)
  expect(ModelSpec.parse(spec)).toMatchObject({
    id: 'sdcpp/odd.gguf',
    operations: ['generate', 'edit'],
    inputs: [{ role: 'source' }],
    mask: 'none',
    sizes: { minSide: 64, maxSide: 512 },
    outputsPerCall: 1,
    cancel: 'no',
  })
  const { settings = {} } = spec ?? {}
  expect(settings.sampler).toMatchObject({ enum: ['euler'] })
  expect(settings.sampler).not.toHaveProperty('default')
  expect(settings.steps).not.toHaveProperty('default')
  expect(settings).not.toHaveProperty('scheduler')
  expect(settings.strength).not.toHaveProperty('default')
  expect(settings.lora?.enum).toEqual(['none', 'a.safetensors'])
  expect(settings.hires_upscaler?.enum?.length).toBeLessThanOrEqual(300)
})

async function serve(answer: () => Response) {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answer })
  const baseUrl = `http://127.0.0.1:${server.port}`
  return {
    adapter: createSdCppAdapter({ connection: 'sdcpp', baseUrl, key: null, ...DEADLINES }),
    [Symbol.asyncDispose]: async () => await server.stop(true),
  }
}
