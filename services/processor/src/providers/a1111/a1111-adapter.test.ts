import { expect, test } from 'bun:test'
import { ModelSpec } from '@darkroom/contracts/model'
import { isValidSetting } from '@darkroom/contracts/model-fields'
import { resolveSize } from '@darkroom/contracts/size'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import sharp from 'sharp'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { DEADLINES, makeCall, neverAborted } from '../../../testing/make-call.ts'
import type { ProviderRequest } from '../adapter.ts'
import { createA1111Adapter } from './a1111-adapter.ts'
import { createReference, createTestAdapter, openFakeA1111, REQUEST } from './a1111-env.fixture.ts'

const UPSCALE: ProviderRequest = {
  ...REQUEST,
  model: 'a1111/extras/upscale-2x',
  operation: 'upscale',
  width: 128,
  height: 96,
  settings: { upscaler: 'Lanczos' },
}

test('describes each checkpoint by the lists of the server, and its upscalers', async () => {
  await using env = await openFakeA1111()
  const specs = await env.adapter.models(neverAborted)
  expect(specs.map(({ id, name }) => [id, name])).toEqual([
    ['a1111/sd_xl_base_1.0.safetensors', 'sd_xl_base_1.0'],
    ['a1111/people/portrait v2.safetensors', 'people_portrait v2'],
    ['a1111/extras/upscale-2x', 'Upscale 2x (extras)'],
    ['a1111/extras/upscale-4x', 'Upscale 4x (extras)'],
  ])
  for (const spec of specs) {
    ModelSpec.parse(spec)
    expect(spec).toMatchObject({ price: { kind: 'free' }, answers: 'at-once', resume: 'no' })
    expect(spec.cancel).toBe(spec.operations.includes('upscale') ? 'no' : 'refunds')
    for (const [name, setting] of Object.entries(spec.settings)) {
      expect(name).toMatch(/^[a-z_]+$/)
      if (setting.default !== undefined) expect([name, isValidSetting(setting, setting.default)]).toEqual([name, true])
    }
  }
  const [checkpoint, , upscale] = specs
  expect(checkpoint).toMatchObject({
    operations: ['generate', 'edit', 'inpaint'],
    inputs: [
      { role: 'reference', min: 0, max: 1 },
      { role: 'mask', min: 0, max: 1 },
    ],
    mask: 'white-is-edit',
    negativePrompt: true,
    previews: true,
    outputsPerCall: 1,
  })
  expect(checkpoint?.settings).toMatchObject({
    steps: { default: 20 },
    sampler: { enum: ['DPM++ 2M', 'Euler a', 'Euler', 'DDIM'] },
    scheduler: { enum: ['Automatic', 'Karras'] },
    hires_upscaler: { enum: ['Latent', 'Latent (nearest)', 'Lanczos', 'Nearest', 'R-ESRGAN 4x+', 'SwinIR 4x'] },
  })
  expect(checkpoint?.settings.sampler).not.toHaveProperty('default')
  expect(upscale).toMatchObject({
    operations: ['upscale'],
    inputs: [{ role: 'source', min: 1, max: 1 }],
    seed: null,
    settings: { upscaler: { default: 'R-ESRGAN 4x+' } },
  })
  const auto = { aspectRatio: '1:1', resolution: 'auto' }
  expect(upscale && resolveSize(upscale.sizes, auto, { width: 64, height: 48 })).toEqual({ width: 128, height: 96 })
})

test('lists that a server lacks, or means otherwise, take nothing else away', async () => {
  await using sdnext = await openFakeA1111({ flavour: 'sdnext' })
  const [spec] = await sdnext.adapter.models(neverAborted)
  expect(spec?.settings).not.toHaveProperty('scheduler')
  expect(spec?.settings).toMatchObject({ sampler: {}, hires_upscaler: {} })
  await using old = await openFakeA1111({ flavour: 'old' })
  expect((await old.adapter.models(neverAborted))[0]?.settings).not.toHaveProperty('scheduler')
  const answer = (path: string) =>
    path.endsWith('/sd-models')
      ? Response.json([{ title: 'a.ckpt [0123456789]' }, null, 'b', { title: 5 }, { title: 'x'.repeat(5_000) }])
      : new Response('{"error":"TypeError","detail":"","body":"","errors":"no list"}', { status: 500 })
  await using odd = await serve(answer)
  const specs = await odd.adapter.models(neverAborted)
  expect(specs.map(({ id, name }) => [id, name])).toEqual([['a1111/a.ckpt', 'a.ckpt']])
  expect(specs[0]?.settings).not.toHaveProperty('sampler')
  await using away = await serve(path =>
    path.endsWith('/sd-models') ? Response.json([{ title: 'a.ckpt' }]) : new Response('', { status: 503 }),
  )
  expect(await getProviderError(() => away.adapter.models(neverAborted))).toMatchObject({ code: 'provider_busy' })
})

test('sends the fields of an image from a prompt, with a checkpoint that is put back', async () => {
  await using env = await openFakeA1111()
  const settings = { steps: 9, cfg_scale: 5, sampler: 'Euler a', scheduler: 'Karras', clip_skip: 2, denoising: 0.5 }
  const { outputs, receipt } = await env.makeCall({ ...REQUEST, settings })
  const { path, body } = env.lastSubmission()
  expect(path).toBe('/sdapi/v1/txt2img')
  expect(body).toEqual({
    prompt: 'hills at dusk',
    negative_prompt: 'people',
    width: 256,
    height: 192,
    seed: 7,
    steps: 9,
    cfg_scale: 5,
    sampler_name: 'Euler a',
    scheduler: 'Karras',
    batch_size: 1,
    n_iter: 1,
    override_settings: { sd_model_checkpoint: 'sd_xl_base_1.0.safetensors', CLIP_stop_at_last_layers: 2 },
    override_settings_restore_afterwards: true,
    send_images: true,
    save_images: false,
    force_task_id: expect.stringMatching(/^darkroom-[0-9a-f]{32}$/),
  })
  expect(outputs).toMatchObject([{ index: 3, kind: 'bytes', mimeType: 'image/png' }])
  expect(receipt).toEqual({ seed: 7, trace: expect.stringMatching(/^req_/) })
})

test('sends a second pass with its own strength', async () => {
  await using env = await openFakeA1111()
  const hires = { hires: true, hires_upscaler: 'Latent', hires_scale: 1.5, hires_steps: 3, hires_denoising: 0.4 }
  const { outputs } = await env.makeCall({ ...REQUEST, settings: { ...hires, denoising: 0.9 } })
  expect(env.lastSubmission().body).toMatchObject({
    enable_hr: true,
    hr_upscaler: 'Latent',
    hr_scale: 1.5,
    hr_second_pass_steps: 3,
    denoising_strength: 0.4,
  })
  const [output] = outputs
  if (output?.kind !== 'bytes') throw new Error('expected bytes')
  expect(await sharp(output.bytes).metadata()).toMatchObject({ width: 384, height: 288 })
})

test('changes an image, or the white part of its mask', async () => {
  await using env = await openFakeA1111()
  const [image, mask] = await Promise.all([createReference('reference', 20), createReference('mask', 255)])
  const toText = ({ bytes }: { bytes: Uint8Array }) => Buffer.from(bytes).toString('base64')
  const settings = { denoising: 0.6, mask_blur: 2, masked_only: true, hires: true, hires_denoising: 0.2 }
  await env.makeCall({ ...REQUEST, operation: 'edit', references: [image], settings })
  expect(env.lastSubmission()).toMatchObject({
    path: '/sdapi/v1/img2img',
    body: { init_images: [toText(image)], denoising_strength: 0.6, resize_mode: 1 },
  })
  for (const name of ['mask', 'mask_blur', 'enable_hr']) expect(env.lastSubmission().body).not.toHaveProperty(name)
  await env.makeCall({ ...REQUEST, operation: 'inpaint', references: [image, mask], settings })
  expect(env.lastSubmission().body).toMatchObject({
    init_images: [toText(image)],
    mask: toText(mask),
    mask_blur: 2,
    inpainting_mask_invert: 0,
    inpainting_fill: 1,
    inpaint_full_res: true,
  })
})

test('enlarges an image by the extras', async () => {
  await using env = await openFakeA1111()
  const source = await createReference('source', 20)
  const { outputs, receipt } = await env.makeCall({ ...UPSCALE, references: [source] })
  expect(env.lastSubmission()).toEqual({
    path: '/sdapi/v1/extra-single-image',
    body: {
      resize_mode: 0,
      upscaling_resize: 2,
      upscaler_1: 'Lanczos',
      image: Buffer.from(source.bytes).toString('base64'),
    },
  })
  const [output] = outputs
  if (output?.kind !== 'bytes') throw new Error('expected bytes')
  expect(output.index).toBe(3)
  expect(await sharp(output.bytes).metadata()).toMatchObject({ width: 128, height: 96 })
  expect(receipt).toEqual({ trace: expect.any(String) })
  const before = env.fake.posts()
  expect(await getProviderError(() => env.makeCall(UPSCALE))).toMatchObject({ code: 'reference_refused' })
  expect(env.fake.posts()).toBe(before)
})

test('leaves out the sheet before the images, also where the server does not say that it is one', async () => {
  await using env = await openFakeA1111()
  env.fake.setFault('sheet')
  const { outputs } = await env.makeCall({ ...REQUEST, indices: [0, 1] })
  expect(outputs.map(({ index }) => index)).toEqual([0, 1])
  for (const output of outputs)
    if (output.kind === 'bytes') expect(await sharp(output.bytes).metadata()).toMatchObject({ width: 256 })
  const images = await Promise.all([8, 16, 24].map(width => createImage(width)))
  await using server = await serve(() => Response.json({ images, parameters: {}, info: 'no JSON' }))
  const widths = async (indices: number[]) => {
    const made = await makeCall(server.adapter, { ...REQUEST, indices })
    return await Promise.all(
      made.outputs.map(async output => (output.kind === 'bytes' ? (await sharp(output.bytes).metadata()).width : null)),
    )
  }
  expect(await widths([0, 1])).toEqual([16, 24])
  expect(await widths([0])).toEqual([8])
})

test('says which model has run, where it is another one', async () => {
  await using env = await openFakeA1111()
  const inFolder = await env.makeCall({ ...REQUEST, model: 'a1111/people/portrait v2.safetensors' })
  expect(inFolder.receipt).not.toHaveProperty('model')
  const gone = await env.makeCall({ ...REQUEST, model: 'a1111/gone.safetensors' })
  expect(gone.receipt).toMatchObject({ model: 'sd_xl_base_1.0' })
  env.fake.setFault('without-info')
  const { receipt } = await env.makeCall()
  expect(receipt).toEqual({ trace: expect.any(String) })
})

const WAIT_MS = 60_000
type Env = Awaited<ReturnType<typeof openFakeA1111>>

/** Begins a call whose task does not end by itself. `end` ends it, and returns the looks at its progress until then and afterwards. */
function watchCall(env: Env, request: ProviderRequest = REQUEST, previews = true) {
  const { submitting } = env.adapter
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  env.fake.setWork(WAIT_MS)
  const fractions: number[] = []
  const shown: { index: number; bytes: Uint8Array }[] = []
  const answer = submitting.submit(request, {
    ...{ idempotencyKey: 'call-1', signal: neverAborted, previews },
    onProgress: fraction => void fractions.push(fraction),
    onPreview: (index, bytes) => void shown.push({ index, bytes }),
  })
  const countLooks = () => env.fake.requests().filter(({ path }) => path.endsWith('/progress')).length
  const isRunning = async () => env.fake.tasks.current() !== null || env.fake.posts() > 0
  return {
    ...{ fractions, shown, countLooks },
    waitUntil: (what: string, isSo: () => boolean) => waitFor(what, WAIT_MS, async () => isSo(), 10),
    end: async () => {
      await waitFor('the task', WAIT_MS, isRunning, 10)
      const ended = answer.then(({ body }) => Array.fromAsync(body))
      await waitFor('the end', WAIT_MS, async () => {
        env.fake.tasks.interrupt()
        return await Promise.race([ended.then(() => true), Bun.sleep(10).then(() => false)])
      })
      const before = countLooks()
      await Bun.sleep(150)
      return { before, after: countLooks() }
    },
  }
}

test('reports progress and previews while a task of ours runs, until it is answered', async () => {
  await using env = await openFakeA1111()
  const { fractions, shown, waitUntil, end } = watchCall(env)
  for (const progress of [0.25, 0.5, 0.75]) {
    env.fake.tasks.setProgress(progress)
    await waitUntil(`a preview at ${progress}`, () => fractions.includes(progress) && shown.length >= progress * 4)
  }
  const { before, after } = await end()
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
  for (const { index, bytes } of shown) {
    expect(index).toBe(3)
    expect((await sharp(bytes).metadata()).format).toBe('jpeg')
  }
  expect(after - before).toBeLessThanOrEqual(1)
  const [look] = env.fake.requests().filter(({ path }) => path === '/internal/progress')
  expect(JSON.parse(look?.body ?? '{}').id_task).toBe(env.lastSubmission().body.force_task_id)
  expect(env.fake.posts()).toBe(1)
})

test('previews of several images are those of the one that is being made', async () => {
  await using env = await openFakeA1111()
  const { shown, waitUntil, end } = watchCall(env, { ...REQUEST, indices: [4, 5] })
  for (const [progress, expected] of [
    [0.3, 4],
    [0.8, 5],
  ] as const) {
    env.fake.tasks.setProgress(progress)
    await waitUntil(`a preview of ${expected}`, () => shown.at(-1)?.index === expected)
  }
  await end()
})

test('shows nothing of a task that is not ours, and does not look where nobody watches', async () => {
  await using env = await openFakeA1111({ flavour: 'sdnext' })
  const unknown = watchCall(env)
  await unknown.waitUntil('looks', () => unknown.countLooks() >= 3)
  expect(unknown).toMatchObject({ fractions: [], shown: [] })
  await unknown.end()
  await using other = await openFakeA1111()
  const foreign = other.fake.tasks.run('task(of someone else)', WAIT_MS)
  const waited = watchCall(other)
  await waited.waitUntil('looks', () => waited.countLooks() >= 3)
  expect(waited).toMatchObject({ fractions: [], shown: [] })
  other.fake.tasks.interrupt()
  await foreign
  await waited.waitUntil('progress', () => waited.fractions.length > 0)
  const { after } = await waited.end()
  const unwatched = watchCall(other, REQUEST, false)
  await unwatched.end()
  expect(unwatched.countLooks()).toBe(after)
})

test('a server without its page tells its progress as a whole: it is reported only if the task is ours', async () => {
  await using env = await openFakeA1111({ isWithoutPage: true })
  const ours = watchCall(env)
  await ours.waitUntil('a preview', () => ours.shown.length > 0)
  await ours.end()
  await using sdnext = await openFakeA1111({ isWithoutPage: true, flavour: 'sdnext' })
  const theirs = watchCall(sdnext)
  await theirs.waitUntil('looks', () => theirs.countLooks() >= 3)
  expect(theirs).toMatchObject({ fractions: [], shown: [] })
  await theirs.end()
})

test('a call cannot be stopped or asked for', async () => {
  await using env = await openFakeA1111()
  expect(await env.adapter.cancel('any', neverAborted)).toEqual({ kind: 'unsupported', billed: false })
  expect(await env.adapter.check('any', neverAborted)).toEqual({ kind: 'never-seen' })
  expect(env.fake.requests()).toEqual([])
})

test.each([
  ['out-of-memory', 'provider_failed', 'ran out of memory'],
  ['setting-refused', 'setting_refused', 'sampler'],
  ['content-refused', 'setting_refused', 'It says: “Script was not found”'],
  ['api-off', 'provider_refused', '--api'],
] as const)('%s: %s, and a sentence with %j', async (fault, code, words) => {
  await using env = await openFakeA1111()
  env.fake.setFault(fault)
  const error = await getProviderError(() => env.makeCall())
  expect(error).toMatchObject({ code, failure: 'permanent' })
  expect(error.message).toContain(words)
})

test('names the field that is refused, and an image that cannot be read', async () => {
  await using env = await openFakeA1111()
  const steps = await getProviderError(() => env.makeCall({ ...REQUEST, settings: { steps: 5_000 } }))
  expect(steps).toMatchObject({ code: 'setting_refused' })
  expect(steps.message).toContain('the field steps')
  const broken = { ...(await createReference('reference', 1)), bytes: new Uint8Array(9) }
  const image = await getProviderError(() => env.makeCall({ ...REQUEST, references: [broken] }))
  expect(image).toMatchObject({ code: 'reference_refused', failure: 'permanent' })
})

test('a 404 without the server’s words is a proxy that has lost it', async () => {
  await using server = await serve(() => new Response('<html>404</html>', { status: 404 }))
  const error = await getProviderError(() => makeCall(server.adapter, REQUEST))
  expect(error).toMatchObject({ code: 'provider_unreachable', failure: 'retryable' })
})

test('a key is a user with a password, or a token, and checks and lists fail alike without it', async () => {
  await using env = await openFakeA1111({ key: 'token-of-a-proxy' })
  expect(await env.adapter.checkConnection(neverAborted)).toEqual({
    ok: true,
    note: 'It works: 2 checkpoints, 4 upscalers. Checking was free.',
  })
  expect(env.fake.requests()[0]?.headers.authorization).toBe('Bearer token-of-a-proxy')
  const wrong = createTestAdapter({ url: `${env.fake.url}/sdapi/v1/`, key: 'user:wrong' })
  expect(await wrong.checkConnection(neverAborted)).toMatchObject({ ok: false, error: { code: 'key_refused' } })
  expect(env.fake.requests().at(-1)).toMatchObject({
    path: '/sdapi/v1/sd-models',
    headers: { authorization: `Basic ${btoa('user:wrong')}` },
  })
  expect(await getProviderError(() => wrong.models(neverAborted))).toMatchObject({ code: 'key_refused' })
  env.fake.setCheckpoints([])
  expect(await env.adapter.checkConnection(neverAborted)).toMatchObject({
    note: expect.stringContaining('0 checkpoints'),
  })
})

test.each([
  ['the page alone', () => Response.json({ detail: 'Not Found' }, { status: 404 })],
  ['another server', () => new Response('<html>Welcome</html>')],
  ['other JSON', () => Response.json({ data: [] })],
])('%s at the address: a sentence that helps', async (_, answer) => {
  await using server = await serve(answer)
  const check = await server.adapter.checkConnection(neverAborted)
  if (check.ok) throw new Error(check.note)
  expect(check.error).toMatchObject({ code: 'provider_refused', failure: 'permanent' })
  expect(check.error.message).toContain('--api')
  expect(await getProviderError(() => server.adapter.models(neverAborted))).toMatchObject({ code: 'provider_refused' })
})

async function createImage(width: number): Promise<string> {
  const image = sharp({ create: { width, height: 8, channels: 3, background: '#888' } })
  return (await image.png().toBuffer()).toString('base64')
}

async function serve(answer: (path: string) => Response) {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: request => answer(new URL(request.url).pathname),
  })
  const baseUrl = `http://127.0.0.1:${server.port}`
  return {
    adapter: createA1111Adapter({
      connection: 'a1111',
      baseUrl,
      key: null,
      ...DEADLINES,
    }),
    [Symbol.asyncDispose]: async () => await server.stop(true),
  }
}

test('a task is stopped while it runs, and nothing that runs for someone else', async () => {
  await using env = await openFakeA1111()
  env.fake.setWork(30_000)
  const { submitting } = env.adapter
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  const submit = (idempotencyKey: string) => submitting.submit(REQUEST, { idempotencyKey, signal: neverAborted })
  const first = submit('call-1')
  await waitFor('the first task', WAIT_MS, async () => env.fake.tasks.current() !== null)
  const second = submit('call-2')
  await waitFor('the second task', WAIT_MS, async () => env.fake.posts() === 2)
  await submitting.interrupt?.('call-2', neverAborted)
  await submitting.interrupt?.('call-3', neverAborted)
  expect(env.fake.tasks.interrupted()).toEqual([])
  await submitting.interrupt?.('call-1', neverAborted)
  expect(env.fake.tasks.interrupted()).toHaveLength(1)
  expect((await first).headers).toBeDefined()
  await waitFor('the second task to run', WAIT_MS, async () => env.fake.tasks.current() !== null)
  await submitting.interrupt?.('call-2', neverAborted)
  expect((await second).headers).toBeDefined()
})
