import { expect, test } from 'bun:test'
import { ModelSpec } from '@darkroom/contracts/model'
import { estimateMicros } from '@darkroom/contracts/price'
import { resolveSize } from '@darkroom/contracts/size'
import sharp from 'sharp'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { neverAborted, toSavedAnswer } from '../../../testing/make-call.ts'
import type { Adapter, CheckResult, ProviderReference, ProviderRequest, Receipt } from '../adapter.ts'
import { createBflAdapter } from './bfl-adapter.ts'
import { openFakeBfl, REQUEST } from './bfl-env.fixture.ts'

async function createImage(role: ProviderReference['role'], width = 64): Promise<ProviderReference> {
  const image = sharp({ create: { width, height: 48, channels: 3, background: '#999' } })
  return { role, mimeType: 'image/png', bytes: await image.png().toBuffer(), width, height: 48 }
}

async function poll(adapter: Adapter, handle: string | undefined, ageSeconds = 5) {
  const receipts: Receipt[] = []
  const onReceipt = (receipt: Receipt) => void receipts.push(receipt)
  const options = { onReceipt, indices: [3], ageSeconds }
  let result: CheckResult
  do result = await adapter.check(handle ?? '', neverAborted, options)
  while (result.kind === 'waiting')
  return { result, receipts }
}

/** Returns the bodies that were sent. */
function readBodies(fake: { requests(): { method: string; body: string }[] }) {
  const posts = fake.requests().filter(({ method }) => method === 'POST')
  return posts.map(({ body }) => JSON.parse(body) as Record<string, unknown>)
}

test('makes an image of the size that was chosen, whose cost is known once it is submitted', async () => {
  await using env = await openFakeBfl()
  const { handle, receipt } = await env.makeCall({ ...REQUEST, width: 2_048, height: 1_536 })
  const [bill] = env.fake.billed()
  // Three megapixels: the first, and two further ones.
  expect(bill?.micros).toBe(60_000)
  expect(receipt).toEqual({ trace: bill?.trace ?? '', cost: { micros: 60_000, currency: 'USD' } })
  expect(handle).not.toContain(env.fake.key)
  const { result, receipts } = await poll(env.adapter, handle)
  expect(receipts).toEqual([{ seed: 7 }])
  if (result.kind !== 'finished') throw new Error(`it is ${result.kind}`)
  const [output] = result.outputs
  if (output?.kind !== 'url') throw new Error('expected a URL')
  expect(output.index).toBe(3)
  const seconds = ((output.expiresAt?.getTime() ?? 0) - Date.now()) / 1_000
  expect(seconds).toBeWithin(590, 601)
  const { origins, headers } = env.adapter.download?.() ?? {}
  expect([origins?.[0], headers]).toEqual([new URL(output.url).origin, {}])
  const bytes = await (await fetch(output.url)).bytes()
  expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: 2_048, height: 1_536 })
  expect(env.fake.posts()).toBe(1)
})

test('sends the fields of each kind of model, and no others', async () => {
  await using env = await openFakeBfl()
  const all = { steps: 20, guidance: 4, prompt_upsampling: false, raw: true, safety_tolerance: 1, unknown: 3 }
  const settings = { ...all, output_format: 'jpeg' }
  const requests: Partial<ProviderRequest>[] = [
    { model: 'bfl/flux-2-max', negativePrompt: 'fog' },
    { model: 'bfl/flux-2-flex', resolution: 'auto' },
    { model: 'bfl/flux-kontext-pro', aspectRatio: '21:9' },
    { model: 'bfl/flux-kontext-max', resolution: 'auto' },
    { model: 'bfl/flux-pro-1.1' },
    { model: 'bfl/flux-pro-1.1-ultra', aspectRatio: '9:16' },
  ]
  for (const request of requests) await env.makeCall({ ...REQUEST, ...request, settings })
  const common = { prompt: 'a lighthouse', seed: 7, output_format: 'jpeg', safety_tolerance: 1 }
  const size = { width: 1_024, height: 768 }
  expect(readBodies(env.fake)).toEqual([
    { ...common, ...size },
    { ...common, steps: 20, guidance: 4, prompt_upsampling: false },
    { ...common, aspect_ratio: '21:9', prompt_upsampling: false },
    { ...common, prompt_upsampling: false },
    { ...common, ...size, prompt_upsampling: false },
    { ...common, aspect_ratio: '9:16', raw: true },
  ])
  const paths = env.fake.requests().map(({ path }) => path)
  expect(paths).toEqual(requests.map(({ model }) => `/v1/${model?.slice('bfl/'.length)}`))
})

test('sends reference images by position, and an image with its mask to Fill', async () => {
  await using env = await openFakeBfl()
  const [first, second, mask] = [
    await createImage('reference'),
    await createImage('reference', 80),
    await createImage('mask'),
  ]
  const edit = await env.makeCall({ ...REQUEST, operation: 'edit', resolution: 'auto', references: [first, second] })
  const fill = await env.makeCall({
    ...REQUEST,
    model: 'bfl/flux-pro-1.0-fill',
    operation: 'inpaint',
    references: [{ ...first, role: 'source' }, mask],
    settings: { steps: 20, guidance: 30, prompt_upsampling: true, safety_tolerance: 6 },
  })
  const [edited, filled] = readBodies(env.fake)
  const base64 = (image: ProviderReference) => image.bytes.toBase64()
  expect(edited).toMatchObject({ input_image: base64(first), input_image_2: base64(second) })
  expect(filled).toMatchObject({ image: base64(first), mask: base64(mask), steps: 20, guidance: 30 })
  expect(Object.keys(filled ?? {})).not.toContain('width')
  // A megapixel of the output, and one for each started one of an input; Fill has one price.
  expect([edit.receipt.cost?.micros, fill.receipt.cost?.micros]).toEqual([60_000, 50_000])
})

test('refuses what is known not to be taken before it is sent', async () => {
  await using env = await openFakeBfl()
  const [image, mask] = [await createImage('reference'), await createImage('mask')]
  const many = Array.from({ length: 9 }, () => image)
  const refused: [Partial<ProviderRequest>, string][] = [
    [{ references: many }, 'at most 8'],
    [{ model: 'bfl/flux-2-klein-4b', references: many.slice(4) }, 'at most 4'],
    [{ model: 'bfl/flux-pro-1.1', references: [image] }, 'at most 0'],
    [{ references: [image, mask] }, 'takes no mask'],
    [{ model: 'bfl/flux-pro-1.0-fill', references: [image] }, 'one image, and a mask'],
  ]
  for (const [request, words] of refused) {
    const error = await getProviderError(() => env.makeCall({ ...REQUEST, ...request }))
    expect(error).toMatchObject({ code: 'reference_refused', failure: 'permanent' })
    expect(error.message).toContain(words)
  }
  for (const model of ['bfl/other', 'bfl/../credits', 'bfl/constructor'])
    expect(await getProviderError(() => env.makeCall({ ...REQUEST, model }))).toMatchObject({ code: 'model_unknown' })
  expect(env.fake.requests()).toEqual([])
})

test('quotes what is refused, and tells a limit of tasks from one of requests', async () => {
  await using env = await openFakeBfl()
  const refused = async (fault: string | null, request: Partial<ProviderRequest> = {}) => {
    env.fake.setFault(fault)
    return await getProviderError(() => env.makeCall({ ...REQUEST, ...request }))
  }
  expect(await refused('too-many-tasks')).toMatchObject({ code: 'too_many_at_once', failure: 'retryable' })
  expect(await refused('rate-limited')).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 2 })
  expect((await refused('no-permission')).message).toContain('It says: “This model is not available')
  expect(await refused('reference-refused')).toMatchObject({ code: 'reference_refused' })
  expect((await refused('setting-refused')).message).toBe(
    'Black Forest Labs does not take this value of Safety tolerance. It says: “Input should be less than or equal to 5”',
  )
  const size = await refused(null, { width: 1_000, height: 1_000 })
  expect(size).toMatchObject({ code: 'setting_refused' })
  expect(size.message).toContain('does not take this size')
  expect(env.fake.billed()).toEqual([])
})

test('polls until an image is there, however the phases before are called, with the progress', async () => {
  await using env = await openFakeBfl()
  env.fake.setPolls(2)
  env.fake.setFault('unknown-phase')
  const { handle } = await env.makeCall()
  const states: CheckResult[] = []
  for (const ageSeconds of [0, 30, 300])
    states.push(await env.adapter.check(handle ?? '', neverAborted, { ageSeconds }))
  expect(states).toMatchObject([
    { kind: 'waiting', pollAfterSeconds: 1, progress: 0.25, outputs: [] },
    { kind: 'waiting', pollAfterSeconds: 1.5, progress: 0.25, outputs: [] },
    { kind: 'finished', outputs: [{ index: 0, kind: 'url' }] },
  ])
})

test('reports why a task has failed, in the words of Black Forest Labs', async () => {
  await using env = await openFakeBfl()
  const fail = async (fault: string) => {
    env.fake.setFault(fault)
    const { handle } = await env.makeCall()
    env.fake.setFault(null)
    const { result } = await poll(env.adapter, handle)
    return result.kind === 'failed' ? [result.error.code, result.error.message] : result.kind
  }
  expect(await fail('content-refused')).toEqual([
    'content_refused',
    'The provider refused the prompt or a picture. It says: “Derivative Works Filter”',
  ])
  expect(await fail('output-refused')).toEqual(['output_refused', expect.stringContaining('Derivative Works Filter')])
  expect(await fail('task-failed')).toEqual(['provider_failed', expect.stringContaining('The worker had an error.')])
  expect(await fail('empty-answer')).toEqual(['no_outputs', expect.any(String)])
})

test('a task that is not found is gone once results do not live that long, else it was never there', async () => {
  await using env = await openFakeBfl()
  const { handle } = await env.makeCall()
  env.fake.setFault('expired')
  expect((await poll(env.adapter, handle, 30)).result).toEqual({ kind: 'never-seen' })
  expect((await poll(env.adapter, handle, 601)).result).toEqual({ kind: 'gone' })
})

test('a poll that fails is no answer about the task', async () => {
  await using env = await openFakeBfl()
  const { handle } = await env.makeCall()
  const expected = { unavailable: 'provider_busy', 'wrong-key': 'key_refused', html: 'provider_misbehaved' }
  for (const [fault, code] of Object.entries(expected)) {
    env.fake.setFault(fault)
    expect(await getProviderError(() => poll(env.adapter, handle))).toMatchObject({ code })
  }
  env.fake.setFault(null)
  expect((await poll(env.adapter, handle)).result.kind).toBe('finished')
})

test('sends the key to its own address and to regions of Black Forest Labs, and nowhere else', async () => {
  const seen: { url: string; hasKey: boolean }[] = []
  const fetchResult = async (input: unknown, init?: RequestInit) => {
    seen.push({ url: String(input), hasKey: new Headers(init?.headers).get('x-key') === 'key-1' })
    return Response.json({ id: 't', status: 'Pending' })
  }
  const fetch = Object.assign(fetchResult, { preconnect: () => undefined })
  const adapter = createBflAdapter({ connection: 'bfl', baseUrl: 'https://api.bfl.ai/v1', key: 'key-1', fetch })
  const check = async (pollingUrl: string) =>
    await adapter.check(JSON.stringify({ pollingUrl, id: 't' }), neverAborted).then(
      ({ kind }) => kind,
      error => error.code,
    )
  const allowed = ['https://api.bfl.ai/v1/get_result?id=t', 'https://api.eu4.bfl.ai/v1/get_result?id=t']
  for (const url of allowed) expect(await check(url)).toBe('waiting')
  expect(seen).toEqual(allowed.map(url => ({ url, hasKey: true })))
  const others = [
    'https://bfl.ai.example/v1/get_result?id=t',
    'https://evilbfl.ai/v1/get_result?id=t',
    'http://api.eu.bfl.ai/v1/get_result?id=t',
    'https://api.eu.bfl.ai:8443/v1/get_result?id=t',
    'https://user:pass@api.bfl.ai/v1/get_result?id=t',
    'file:///etc/passwd',
    'not a URL',
  ]
  for (const url of others) expect(await check(url)).toBe('request_unknown')
  for (const handle of ['', '{}', '[]', 'null'])
    expect(await getProviderError(() => adapter.check(handle, neverAborted))).toMatchObject({ code: 'request_unknown' })
  expect(seen).toHaveLength(allowed.length)
})

test('an answer whose task is polled elsewhere, or is too long, makes no sense', async () => {
  await using env = await openFakeBfl()
  env.fake.setFault('other-host')
  expect(await getProviderError(() => env.makeCall())).toMatchObject({
    code: 'provider_misbehaved',
    failure: 'unknown',
  })
  const { submitting } = env.adapter
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  const long = { id: 't', polling_url: `${env.fake.url}/get_result?id=${'x'.repeat(2_100)}` }
  const answer = toSavedAnswer([new TextEncoder().encode(JSON.stringify(long))])
  const options = { model: REQUEST.model, indices: [0], signal: neverAborted }
  expect(await getProviderError(() => submitting.readAnswer(answer, options))).toMatchObject({ failure: 'unknown' })
})

test('cannot cancel, and sends nothing for it', async () => {
  await using env = await openFakeBfl()
  const { handle } = await env.makeCall()
  const before = env.fake.requests().length
  expect(await env.adapter.cancel(handle ?? '', neverAborted)).toEqual({ kind: 'unsupported', billed: null })
  expect(env.fake.requests()).toHaveLength(before)
})

test('a check and the list of models prove key and address alike, and cost nothing', async () => {
  await using env = await openFakeBfl()
  expect(await env.adapter.checkConnection(neverAborted)).toEqual({
    ok: true,
    note: 'It works: 1234.50 credits, which are 12.35 USD. Checking was free.',
  })
  for (const [fault, code] of [
    ['wrong-key', 'key_refused'],
    ['html', 'provider_refused'],
    ['unavailable', 'provider_busy'],
  ] as const) {
    env.fake.setFault(fault)
    expect(await env.adapter.checkConnection(neverAborted)).toMatchObject({ ok: false, error: { code } })
    expect(await getProviderError(() => env.adapter.models(neverAborted))).toMatchObject({ code })
  }
  env.fake.setFault(null)
  const wrong = createBflAdapter({ connection: 'bfl', baseUrl: `${env.fake.url}/elsewhere`, key: env.fake.key })
  expect(await wrong.checkConnection(neverAborted)).toMatchObject({
    ok: false,
    error: { code: 'provider_refused', message: expect.stringContaining('It usually ends in /v1.') },
  })
  expect([env.fake.posts(), env.fake.billed()]).toEqual([0, []])
})

test('describes models that the studio can offer, with sizes that are taken and prices that are billed', async () => {
  await using env = await openFakeBfl()
  const specs = await env.adapter.models(neverAborted)
  expect(specs.map(({ id }) => id)).toContain('bfl/flux-2-pro')
  for (const spec of specs) {
    expect(() => ModelSpec.parse(spec)).not.toThrow()
    if (spec.mask !== 'none') continue
    const choice = {
      aspectRatio: '16:9',
      resolution: spec.sizes.kind === 'ratio' ? (spec.sizes.tiers[0]?.name ?? '') : 1_024,
    }
    const size = resolveSize(spec.sizes, choice)
    if (!size) throw new Error(`${spec.id} has no such size`)
    const { receipt } = await env.makeCall({ ...REQUEST, ...choice, ...size, model: spec.id })
    const estimate = estimateMicros(spec.price, { ...size, ...choice, settings: {}, references: 0 })
    expect([spec.id, receipt.cost?.micros ?? null]).toEqual([spec.id, estimate])
  }
  const pro = specs.find(({ id }) => id === 'bfl/flux-2-pro')
  const priced = { width: 2_048, height: 2_048, resolution: 2_048, settings: {}, references: 2 }
  expect(pro && estimateMicros(pro.price, priced)).toBe(30_000 + 3 * 15_000 + 2 * 15_000)
  expect(pro && estimateMicros(pro.price, { ...priced, resolution: 'auto' })).toBeNull()
})
