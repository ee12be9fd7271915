import { expect, test } from 'bun:test'
import { ModelSpec } from '@darkroom/contracts/model'
import { estimateMicros } from '@darkroom/contracts/price'
import { resolveSize } from '@darkroom/contracts/size'
import sharp from 'sharp'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { neverAborted } from '../../../testing/make-call.ts'
import type { Adapter, CheckResult, ProviderReference, ProviderRequest, Receipt } from '../adapter.ts'
import { createIdeogramAdapter } from './ideogram-adapter.ts'
import { openFakeIdeogram, REQUEST } from './ideogram-env.fixture.ts'

async function createImage(role: ProviderReference['role'], width = 64): Promise<ProviderReference> {
  const image = sharp({ create: { width, height: 48, channels: 3, background: '#999' } })
  return { role, mimeType: 'image/png', bytes: await image.png().toBuffer(), width, height: 48 }
}

async function poll(adapter: Adapter, handle: string | undefined, ageSeconds = 5) {
  const receipts: Receipt[] = []
  const onReceipt = (receipt: Receipt) => void receipts.push(receipt)
  let result: CheckResult
  do result = await adapter.check(handle ?? '', neverAborted, { onReceipt, indices: [3], ageSeconds })
  while (result.kind === 'waiting')
  return { result, receipts }
}

/** Makes a call and returns its URL, with what was reported. */
async function make(env: Awaited<ReturnType<typeof openFakeIdeogram>>, request: Partial<ProviderRequest>) {
  const { handle, receipt } = await env.makeCall({ ...REQUEST, ...request })
  const { result, receipts } = await poll(env.adapter, handle)
  const output = result.kind === 'finished' ? result.outputs[0] : undefined
  if (output?.kind !== 'url') throw new Error(`it is ${result.kind}`)
  return { output, receipt: Object.assign({}, receipt, ...receipts) as Receipt }
}

/** Returns the names of the fields of a form, in order. */
function readNames(body: string | undefined): string[] {
  return [...(body ?? '').matchAll(/; name="([^"]+)"/g)].map(([, name]) => name ?? '')
}

test('makes an image of the size that was chosen, with its trace and seed, whose link lives for a day', async () => {
  await using env = await openFakeIdeogram()
  const { output, receipt } = await make(env, {})
  expect(receipt).toEqual({ trace: env.fake.billed()[0]?.trace ?? '', seed: 7 })
  expect(output.index).toBe(3)
  expect(((output.expiresAt?.getTime() ?? 0) - Date.now()) / 3_600_000).toBeWithin(23.9, 24.1)
  expect(env.adapter.download?.()).toEqual({ headers: {}, origins: [new URL(output.url).origin] })
  const bytes = await (await fetch(output.url)).bytes()
  expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: 1_280, height: 720 })
  const [sent] = env.fake.requests()
  expect(sent).toMatchObject({ method: 'POST', path: '/v2/image/generate/ideogram-4-5' })
  expect(JSON.parse(sent?.body ?? '')).toEqual({
    prompt: 'a lighthouse',
    seed: 7,
    quality: 'low',
    magic_prompt: 'off',
    size: '1280x720',
    async: true,
  })
  expect(env.fake.posts()).toBe(1)
})

test('sends reference images as a form, in their order, and the size of the first where none was chosen', async () => {
  await using env = await openFakeIdeogram()
  const references = [await createImage('reference'), await createImage('reference', 80)]
  await make(env, { operation: 'edit', references, resolution: '2048x2048', width: 2_048, height: 2_048 })
  const { output } = await make(env, { operation: 'edit', references, resolution: 'auto' })
  const bytes = await (await fetch(output.url)).bytes()
  expect(await sharp(bytes).metadata()).toMatchObject({ width: 64, height: 48 })
  const bodies = env.fake.requests().filter(({ method }) => method === 'POST')
  const names = ['prompt', 'seed', 'quality', 'magic_prompt', 'size', 'async', 'images', 'images']
  expect(bodies.map(({ body }) => readNames(body))).toEqual([names, names])
  expect(bodies.map(({ body }) => /name="size"\r\n\r\n(\w+)/.exec(body)?.[1])).toEqual(['2048x2048', 'source'])
})

test('changes a part by a mask, without a size, and copies the rest with Precise Edit', async () => {
  await using env = await openFakeIdeogram()
  const [image, other, mask] = [
    await createImage('reference'),
    await createImage('reference', 80),
    await createImage('mask'),
  ]
  await make(env, { operation: 'inpaint', references: [image, mask] })
  const source = { ...image, role: 'source' as const }
  const settings = { quality: 'very_low', magic_prompt: 'on' }
  const model = 'ideogram/precise-edit/ideogram-4-5'
  await make(env, { model, operation: 'inpaint', references: [source, other, mask], settings })
  const bodies = env.fake.requests().filter(({ method }) => method === 'POST')
  expect(bodies.map(({ path, body }) => [path, readNames(body)])).toEqual([
    ['/v2/image/generate/ideogram-4-5', ['prompt', 'seed', 'quality', 'magic_prompt', 'async', 'images', 'mask']],
    [
      '/v2/image/precise-edit/ideogram-4-5',
      ['prompt', 'seed', 'quality', 'async', 'image', 'reference_images', 'mask'],
    ],
  ])
  expect(env.fake.billed().map(({ micros }) => micros)).toEqual([30_000, 8_000])
})

test('replaces and removes a background, and enlarges at the price that Ideogram reports', async () => {
  await using env = await openFakeIdeogram()
  const references = [await createImage('source', 640)]
  const replaced = await make(env, { model: 'ideogram/replace-background/ideogram-3', operation: 'edit', references })
  const removed = await make(env, {
    model: 'ideogram/remove-background/ideogram-1',
    operation: 'remove-background',
    references,
  })
  const enlarged = await make(env, {
    model: 'ideogram/upscale/topaz-standard-2/x4',
    operation: 'upscale',
    resolution: 'auto',
    references,
  })
  const posts = env.fake.requests().filter(({ method }) => method === 'POST')
  expect(posts.map(({ path, body }) => [path, readNames(body)])).toEqual([
    ['/v2/image/replace-background/ideogram-3', ['prompt', 'image']],
    ['/v2/image/remove-background/ideogram-1', ['async', 'image']],
    ['/v2/image/upscale/topaz-standard-2', ['upscale_factor', 'async', 'image']],
  ])
  expect([replaced.receipt.cost, removed.receipt.cost]).toEqual([undefined, undefined])
  expect(enlarged.receipt.cost).toEqual({ micros: env.fake.billed()[2]?.micros ?? 0, currency: 'USD' })
  const widths = [removed, enlarged].map(async ({ output }) => {
    return (await sharp(await (await fetch(output.url)).bytes()).metadata()).width
  })
  expect(await Promise.all(widths)).toEqual([640, 2_560])
})

test('refuses what Ideogram is known not to take before it is sent', async () => {
  await using env = await openFakeIdeogram()
  const [image, mask] = [await createImage('reference'), await createImage('mask')]
  const many = (count: number) => Array.from({ length: count }, () => image)
  const edit = 'ideogram/precise-edit/ideogram-4-5'
  const refused: [Partial<ProviderRequest>, string, string][] = [
    [{ references: many(6) }, 'reference_refused', 'at most 4 images beside'],
    [{ references: [...many(5), mask] }, 'reference_refused', 'at most 3 images beside'],
    [{ references: [mask] }, 'reference_refused', 'add one'],
    [{ model: edit, references: [] }, 'reference_refused', 'add one'],
    [{ model: edit, references: [...many(5), mask] }, 'reference_refused', 'at most 3'],
    [{ model: 'ideogram/remove-background/ideogram-1', references: many(2) }, 'reference_refused', 'takes one image'],
    [{ references: [{ ...image, bytes: new Uint8Array(25_000_001) }] }, 'reference_refused', '25 MB'],
    [{ references: [image] }, 'setting_refused', 'multiples of 32'],
    [{ model: 'ideogram/../v1/keys' }, 'model_unknown', 'does not offer'],
  ]
  for (const [request, code, words] of refused) {
    const error = await getProviderError(() => env.makeCall({ ...REQUEST, ...request }))
    expect(error).toMatchObject({ code, failure: 'permanent' })
    expect(error.message).toContain(words)
  }
  expect(env.fake.requests()).toEqual([])
})

test('quotes what is refused, and tells limits of the account from those of the moment', async () => {
  await using env = await openFakeIdeogram()
  const refused = async (fault: string | null, request: Partial<ProviderRequest> = {}) => {
    env.fake.setFault(fault)
    return await getProviderError(() => env.makeCall({ ...REQUEST, ...request }))
  }
  expect(await refused('too-many-in-flight')).toMatchObject({ code: 'too_many_at_once', failure: 'retryable' })
  expect(await refused('rate-limited')).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 2 })
  expect(await refused('no-credit')).toMatchObject({ code: 'payment_required' })
  const limit = await refused('plan-limit')
  expect([limit.code, limit.message]).toEqual([
    'payment_required',
    expect.stringContaining('“The daily limit is reached.”'),
  ])
  expect((await refused('wrong-key')).message).toContain('or add credit')
  expect((await refused('content-refused')).message).toContain('It says: “The prompt did not pass safety checks.”')
  expect(await refused('reference-refused')).toMatchObject({ code: 'reference_refused' })
  expect((await refused('setting-refused')).message).toBe(
    'Ideogram does not take this value of Quality. It says: “quality must be one of low, medium, high”',
  )
  expect(await refused(null, { resolution: '1000x1000', width: 1_000, height: 1_000 })).toMatchObject({
    code: 'setting_refused',
    message: expect.stringContaining('the size'),
  })
  expect(env.fake.billed()).toEqual([])
})

test('polls until a generation is completed, and reports why one has failed', async () => {
  await using env = await openFakeIdeogram()
  env.fake.setPolls(2)
  const { handle } = await env.makeCall()
  const states: CheckResult[] = []
  for (const ageSeconds of [0, 40, 300])
    states.push(await env.adapter.check(handle ?? '', neverAborted, { ageSeconds }))
  expect(states).toMatchObject([
    { kind: 'waiting', pollAfterSeconds: 1, outputs: [] },
    { kind: 'waiting', pollAfterSeconds: 2, outputs: [] },
    { kind: 'finished', outputs: [{ index: 0, kind: 'url' }] },
  ])
  const end = async (fault: string) => {
    env.fake.setFault(fault)
    const { handle } = await env.makeCall()
    env.fake.setFault(null)
    return (await poll(env.adapter, handle)).result
  }
  expect(await end('failed-safety')).toMatchObject({
    kind: 'failed',
    error: { code: 'content_refused', message: expect.stringContaining('“content policy violation”') },
  })
  expect(await end('failed')).toMatchObject({ kind: 'failed', error: { code: 'provider_failed' } })
  expect(await end('empty-answer')).toMatchObject({ kind: 'failed', error: { code: 'no_outputs' } })
  expect(await end('output-refused')).toMatchObject({
    kind: 'finished',
    outputs: [
      { kind: 'refused', index: 3, error: { code: 'output_refused', message: expect.stringContaining('billed') } },
    ],
  })
  // The first, the empty one, and the one that was held back.
  expect(env.fake.billed()).toHaveLength(3)
})

test('a generation that is not found is gone after a day, else it was never there; a handle is no path', async () => {
  await using env = await openFakeIdeogram()
  const { handle } = await env.makeCall()
  env.fake.setFault('expired')
  expect((await poll(env.adapter, handle, 3_600)).result).toEqual({ kind: 'never-seen' })
  expect((await poll(env.adapter, handle, 86_401)).result).toEqual({ kind: 'gone' })
  env.fake.setFault('unavailable')
  expect(await getProviderError(() => poll(env.adapter, handle))).toMatchObject({ failure: 'retryable' })
  const before = env.fake.requests().length
  for (const other of ['', '../v1/keys', 'a?b', 'x'.repeat(300)])
    expect(await getProviderError(() => poll(env.adapter, other))).toMatchObject({ code: 'request_unknown' })
  expect(env.fake.requests()).toHaveLength(before)
})

test('cannot cancel, and sends nothing for it', async () => {
  await using env = await openFakeIdeogram()
  const { handle } = await env.makeCall()
  const before = env.fake.requests().length
  expect(await env.adapter.cancel(handle ?? '', neverAborted)).toEqual({ kind: 'unsupported', billed: null })
  expect(env.fake.requests()).toHaveLength(before)
})

test('a check and the list of models prove key and address alike by prices, and cost nothing', async () => {
  await using env = await openFakeIdeogram()
  expect(await env.adapter.checkConnection(neverAborted)).toEqual({
    ok: true,
    note: 'It works: Ideogram 4.5 is quoted at 0.06 USD an image. Checking was free.',
  })
  for (const [fault, code] of [
    ['wrong-key', 'key_refused'],
    ['no-credit', 'payment_required'],
    ['html', 'provider_refused'],
  ] as const) {
    env.fake.setFault(fault)
    expect(await env.adapter.checkConnection(neverAborted)).toMatchObject({ ok: false, error: { code } })
    expect(await getProviderError(() => env.adapter.models(neverAborted))).toMatchObject({ code })
  }
  env.fake.setFault(null)
  const wrong = createIdeogramAdapter({ connection: 'ideogram', baseUrl: `${env.fake.url}/v1`, key: env.fake.key })
  expect(await wrong.checkConnection(neverAborted)).toMatchObject({
    ok: false,
    error: { code: 'provider_refused', message: expect.stringContaining('without a version') },
  })
  expect([env.fake.posts(), env.fake.billed()]).toEqual([0, []])
})

test('describes models at the prices that it was quoted, without those that the account may not use', async () => {
  await using env = await openFakeIdeogram()
  const specs = await env.adapter.models(neverAborted)
  for (const spec of specs) expect(() => ModelSpec.parse(spec)).not.toThrow()
  const find = (list: readonly ModelSpec[], part: string) => list.find(({ id }) => id.startsWith(`ideogram/${part}`))
  const generate = find(specs, 'generate/')
  const size = { width: 1_280, height: 720, resolution: '1280x720', references: 0 }
  const prices = ['low', 'medium', 'high'].map(
    quality => generate && estimateMicros(generate.price, { ...size, settings: { quality } }),
  )
  expect(prices).toEqual([30_000, 60_000, 100_000])
  expect(find(specs, 'remove-background/')?.price).toMatchObject({ kind: 'per-output', micros: 10_000 })
  expect(find(specs, 'upscale/')?.price).toEqual({ kind: 'quoted', currency: 'USD' })
  expect(generate && resolveSize(generate.sizes, { aspectRatio: '16:9', resolution: 2_048 })).toEqual({
    width: 2_560,
    height: 1_440,
  })
  env.fake.setFault('model-refused')
  const fewer = await env.adapter.models(neverAborted)
  expect([find(fewer, 'precise-edit/'), fewer.length]).toEqual([undefined, specs.length - 1])
  env.fake.setFault('odd-image')
  const unpriced = await env.adapter.models(neverAborted)
  expect(unpriced).toHaveLength(specs.length)
  expect(find(unpriced, 'precise-edit/')?.price).toEqual({ kind: 'unknown' })
  expect([env.fake.posts(), env.fake.billed()]).toEqual([0, []])
})
