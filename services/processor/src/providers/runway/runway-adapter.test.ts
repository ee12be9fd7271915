import { expect, test } from 'bun:test'
import { ModelSpec } from '@darkroom/contracts/model'
import { estimateMicros } from '@darkroom/contracts/price'
import sharp from 'sharp'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { chooseDeadlines, neverAborted, toSavedAnswer } from '../../../testing/make-call.ts'
import type { Adapter, ProviderRequest, Receipt } from '../adapter.ts'
import { createRunwayAdapter } from './runway-adapter.ts'
import { createReference, createTestAdapter, openFakeRunway, REQUEST } from './runway-env.fixture.ts'

const VIDEO: ProviderRequest = { ...REQUEST, model: 'runway/gen4.5', kind: 'video', duration: 10 }

/** Polls a call until it has ended. */
async function poll(adapter: Adapter, handle: string) {
  const receipt: Receipt = {}
  for (let polls = 0; polls < 10; polls += 1) {
    const onReceipt = (reported: Receipt) => Object.assign(receipt, reported)
    const checked = await adapter.check(handle, neverAborted, { onReceipt })
    if (checked.kind !== 'waiting') return { checked, receipt }
  }
  throw new Error('it did not end')
}

test('makes an image as a file of Runway, which can be fetched for a day, with its cost and its trace', async () => {
  await using env = await openFakeRunway()
  const { handle = '', receipt } = await env.makeCall()
  expect(handle).toMatch(/^[0-9a-f-]{36}:3$/)
  const [bill] = env.fake.billed()
  expect(receipt).toEqual({ trace: bill?.trace ?? '' })
  const { checked, receipt: final } = await poll(env.adapter, handle)
  expect(final).toEqual({ cost: { micros: 50_000, currency: 'USD' } })
  expect(bill?.micros).toBe(50_000)
  if (checked.kind !== 'finished') throw new Error('expected outputs')
  const [output] = checked.outputs
  if (output?.kind !== 'url') throw new Error('expected a URL')
  expect(output).toMatchObject({ index: 3 })
  expect(output.needsAuth).toBeUndefined()
  expect((output.expiresAt?.getTime() ?? 0) - Date.now()).toBeWithin(86_000_000, 86_400_001)
  expect(env.adapter.download?.().origins).toEqual([new URL(output.url).origin])
  const bytes = await (await fetch(output.url)).bytes()
  expect(await sharp(bytes).metadata()).toMatchObject({ width: 1_280, height: 720, format: 'png' })
  expect(env.fake.posts()).toBe(1)
})

test('sends the version and the fields of each model, and no others', async () => {
  await using env = await openFakeRunway()
  const settings = { publicFigureThreshold: 'low', audio: false, steps: 9 }
  await env.makeCall({ ...REQUEST, settings, negativePrompt: 'fog' })
  await env.makeCall({ ...VIDEO, settings, negativePrompt: 'fog' })
  const veo = { ...VIDEO, model: 'runway/veo3.1', settings, negativePrompt: 'fog' }
  const { duration: _, ...withoutDuration } = veo
  await env.makeCall(withoutDuration)
  const sent = env.fake.requests().map(({ path, headers, body }) => ({
    ...{ path, version: headers['x-runway-version'], authorization: headers.authorization },
    body: JSON.parse(body),
  }))
  const common = { promptText: 'a lighthouse', ratio: '1280:720', seed: 7 }
  const at = (path: string, body: Record<string, unknown>) => ({
    ...{ path: `/v1/${path}`, version: '2024-11-06', authorization: `Bearer ${env.fake.key}` },
    body: { ...common, ...body },
  })
  const contentModeration = { publicFigureThreshold: 'low' }
  expect(sent).toEqual([
    at('text_to_image', { model: 'gen4_image', contentModeration }),
    at('text_to_video', { model: 'gen4.5', duration: 10, contentModeration }),
    at('text_to_video', { model: 'veo3.1', duration: 4, negativePrompt: 'fog', audio: false }),
  ])
})

test('sends pictures as data URIs: references with a name, frames with a position where there are two', async () => {
  await using env = await openFakeRunway()
  const [first, last] = [await createReference('first-frame'), await createReference('last-frame', 330)]
  const references = [await createReference('reference'), await createReference('reference', 330)]
  const toUri = (image: { bytes: Uint8Array }) => `data:image/png;base64,${image.bytes.toBase64()}`
  await env.makeCall({ ...REQUEST, model: 'runway/gen4_image_turbo', references })
  await env.makeCall({ ...VIDEO, model: 'runway/gen4_turbo', references: [first], prompt: '' })
  await env.makeCall({ ...VIDEO, model: 'runway/veo3.1_fast', duration: 8, references: [first, last] })
  const source = { ...first, role: 'source' as const }
  const upscale = { ...REQUEST, settings: { flavor: 'photo', sharpen: 5 }, references: [source], resolution: 'auto' }
  await env.makeCall({ ...upscale, model: 'runway/magnific_precision_4x' })
  const [turbo, video, veo, upscaled] = env.fake.requests()
  expect(JSON.parse(turbo?.body ?? '').referenceImages).toEqual([
    { uri: toUri(references[0] ?? first), tag: 'image1' },
    { uri: toUri(references[1] ?? first), tag: 'image2' },
  ])
  expect(video?.path).toBe('/v1/image_to_video')
  expect(JSON.parse(video?.body ?? '')).toEqual({
    ...{ model: 'gen4_turbo', promptImage: toUri(first), ratio: '1280:720', duration: 10, seed: 7 },
  })
  expect(JSON.parse(veo?.body ?? '').promptImage).toEqual([
    { uri: toUri(first), position: 'first' },
    { uri: toUri(last), position: 'last' },
  ])
  expect(upscaled?.path).toBe('/v1/image_upscale')
  const { imageUri, ...rest } = JSON.parse(upscaled?.body ?? '')
  expect(imageUri).toBe(toUri(first))
  expect(rest).toEqual({ model: 'magnific_precision_upscaler_v2', flavor: 'photo', sharpen: 5, scaleFactor: 4 })
})

test('makes a video of the seconds that were chosen', async () => {
  await using env = await openFakeRunway()
  const { handle = '' } = await env.makeCall(VIDEO)
  const { checked, receipt } = await poll(env.adapter, handle)
  expect(receipt.cost?.micros).toBe(10 * 120_000)
  if (checked.kind !== 'finished' || checked.outputs[0]?.kind !== 'url') throw new Error('expected a URL')
  const response = await fetch(checked.outputs[0].url)
  expect(response.headers.get('content-type')).toBe('video/mp4')
  expect((await response.bytes()).byteLength).toBeGreaterThan(50_000)
})

test('refuses what is known not to be taken before it is sent', async () => {
  await using env = await openFakeRunway()
  const [first, last, reference] = [
    await createReference('first-frame'),
    await createReference('last-frame'),
    await createReference('reference'),
  ]
  const large = { ...first, bytes: new Uint8Array(3_900_001) }
  const cases: [Partial<ProviderRequest>, string][] = [
    [{ model: 'runway/nonesuch' }, 'model_unknown'],
    [{ model: 'runway/gen4_turbo' }, 'reference_refused'],
    [{ model: 'runway/gen4_image', references: [first] }, 'reference_refused'],
    [{ model: 'runway/gen4_image', references: Array(4).fill(reference) }, 'reference_refused'],
    [{ model: 'runway/veo3.1', references: [last] }, 'reference_refused'],
    [{ model: 'runway/gen4_turbo', references: [large] }, 'reference_refused'],
    [{ model: 'runway/gen4.5', width: 960, height: 960 }, 'setting_refused'],
    [{ prompt: ' ' }, 'setting_refused'],
  ]
  for (const [request, code] of cases) {
    const error = await getProviderError(() => env.makeCall({ ...REQUEST, ...request }))
    expect(error.code).toBe(code as never)
  }
  expect(env.fake.posts()).toBe(0)
  await env.makeCall({ ...VIDEO, width: 960, height: 960, references: [first] })
  expect(env.fake.posts()).toBe(1)
})

test('tells the states of a task: waiting in the queue, its progress, gone', async () => {
  await using env = await openFakeRunway()
  env.fake.setPolls(3)
  const { handle = '' } = await env.makeCall()
  const { url, key } = env.fake
  const later = createRunwayAdapter({ connection: 'runway', baseUrl: url, key })
  env.fake.setFault('throttled')
  const waiting = { kind: 'waiting' as const, pollAfterSeconds: 5, outputs: [] }
  expect(await later.check(handle, neverAborted)).toEqual({ ...waiting, queuePosition: 0 })
  env.fake.setFault(null)
  expect(await later.check(handle, neverAborted)).toEqual({ ...waiting, progress: 0.5 })
  expect(await later.check(handle, neverAborted, { ageSeconds: 200 })).toMatchObject({ pollAfterSeconds: 10 })
  expect(await later.check(handle, neverAborted, { ageSeconds: 900 })).toMatchObject({ pollAfterSeconds: 15 })
  for (let again = 0; again < 2; again += 1)
    expect(await later.check(handle, neverAborted)).toMatchObject({ kind: 'finished', outputs: [{ index: 3 }] })
  env.fake.setFault('expired')
  expect(await later.check(handle, neverAborted)).toEqual({ kind: 'gone' })
  for (const odd of ['../organization', 'a:b', 'a/b:1', '', 'a:1:2'])
    expect((await getProviderError(() => later.check(odd, neverAborted))).code).toBe('request_unknown')
})

test('ends a task that has failed with the reason, and what remains charged', async () => {
  await using env = await openFakeRunway()
  const cases = [
    ['content-refused', 'content_refused', 0],
    ['text-refused', 'content_refused', 0],
    ['output-refused', 'output_refused', 50_000],
    ['asset-refused', 'reference_refused', 0],
    ['task-failed', 'provider_failed', 0],
  ] as const
  for (const [fault, code, micros] of cases) {
    env.fake.setFault(fault)
    const { handle = '' } = await env.makeCall()
    const { checked, receipt } = await poll(env.adapter, handle)
    expect(checked).toMatchObject({ kind: 'failed', error: { code } })
    expect(receipt.cost).toEqual({ micros, currency: 'USD' })
    if (checked.kind === 'failed') expect(checked.error.message).toContain('It says: “')
  }
})

test('cancels a task, and finds out whether it was refunded', async () => {
  await using env = await openFakeRunway()
  const { adapter, fake } = env
  env.fake.setPolls(100)
  const cancel = async (fault: string | null) => {
    fake.setFault(null)
    const { handle = '' } = await env.makeCall()
    fake.setFault(fault)
    return { handle, result: await adapter.cancel(handle, neverAborted) }
  }
  const refunded = await cancel(null)
  expect(refunded.result).toEqual({ kind: 'cancelled', billed: false })
  expect(fake.billed()).toEqual([])
  const { checked, receipt } = await poll(adapter, refunded.handle)
  expect(checked).toMatchObject({ kind: 'failed', error: { code: 'cancelled_by_provider' } })
  expect(receipt.cost?.micros).toBe(0)
  expect((await cancel('cancel-charged')).result).toEqual({ kind: 'cancelled', billed: true })
  expect((await cancel('cancel-forgotten')).result).toEqual({ kind: 'cancelled', billed: null })
  expect((await cancel('finished-when-cancelled')).result).toEqual({ kind: 'too-late', billed: true })
  fake.setFault('expired')
  expect(await adapter.cancel(refunded.handle, neverAborted)).toEqual({ kind: 'too-late', billed: null })
})

test('a cancel that comes too late deletes nothing', async () => {
  await using env = await openFakeRunway()
  env.fake.setPolls(0)
  const { handle = '' } = await env.makeCall()
  await poll(env.adapter, handle)
  expect(await env.adapter.cancel(handle, neverAborted)).toEqual({ kind: 'too-late', billed: true })
  expect(env.fake.requests().some(({ method }) => method === 'DELETE')).toBe(false)
  expect(await env.adapter.check(handle, neverAborted)).toMatchObject({ kind: 'finished' })
})

test('names the field that is refused, in the words of Runway, and the credits that are missing', async () => {
  await using env = await openFakeRunway()
  const size = await getProviderError(() => env.makeCall({ ...REQUEST, width: 1_000 }))
  expect(size).toMatchObject({ code: 'setting_refused', failure: 'permanent' })
  expect(size.message).toStartWith('Runway does not take this size for the model. It says: “')
  const seconds = await getProviderError(() => env.makeCall({ ...VIDEO, duration: 11 }))
  expect(seconds.message).toStartWith('Runway does not take this duration for the model.')
  env.fake.setFault('reference-refused')
  expect(await getProviderError(() => env.makeCall())).toMatchObject({ code: 'reference_refused' })
  env.fake.setFault('no-credit')
  expect(await getProviderError(() => env.makeCall())).toMatchObject({ code: 'payment_required', failure: 'permanent' })
  env.fake.setFault('rate-limited-until')
  expect(await getProviderError(() => env.makeCall())).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 7_200 })
  expect(env.fake.billed()).toEqual([])
})

test('notices an answer that is cut off at any byte', async () => {
  await using env = await openFakeRunway()
  const { submitting } = env.adapter
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  const { headers, body } = await submitting.submit(REQUEST, { idempotencyKey: 'k', signal: neverAborted })
  const bytes = Buffer.concat(await Array.fromAsync(body))
  for (const length of [0, 1, 20, bytes.length - 1]) {
    const answer = toSavedAnswer([bytes.subarray(0, length)], headers)
    const error = await getProviderError(() => submitting.readAnswer(answer, { ...REQUEST, signal: neverAborted }))
    expect(error).toMatchObject({ code: 'provider_misbehaved', failure: 'unknown' })
  }
})

test('polls that fail may be repeated, whatever the fault', async () => {
  await using env = await openFakeRunway()
  const { handle = '' } = await env.makeCall()
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
  await using env = await openFakeRunway()
  const models = await env.adapter.models(neverAborted)
  for (const model of models) expect(ModelSpec.parse(model)).toEqual(model)
  const find = (name: string) => models.find(({ id }) => id === `runway/${name}`)
  expect(models[0]).toMatchObject({ id: 'runway/gen4_image', kind: 'image', answers: 'job', mask: 'none' })
  expect(find('gen4_turbo')).toMatchObject({ kind: 'video', operations: ['animate'], inputs: [{ min: 1, max: 1 }] })
  expect(find('gemini_image3_pro')).toMatchObject({ seed: null, price: { kind: 'unknown' } })
  expect(find('veo3.1')).toMatchObject({ negativePrompt: true, durations: [4, 6, 8], outputSeconds: 86_400 })
  const estimate = (name: string, more: Record<string, unknown>) => {
    const model = find(name)
    if (!model) throw new Error(`there is no ${name}`)
    const request = { width: 1_280, height: 720, resolution: '1280x720', settings: {}, references: 0, ...more }
    return estimateMicros(model.price, request)
  }
  expect(estimate('gen4_image', {})).toBe(50_000)
  expect(estimate('gen4_image', { width: 1_920, height: 1_080 })).toBe(80_000)
  expect(estimate('gen4_image_turbo', {})).toBe(20_000)
  expect(estimate('gen4.5', { duration: 5 })).toBe(600_000)
  expect(estimate('veo3.1', { duration: 8, settings: { audio: true } })).toBe(3_200_000)
  expect(estimate('veo3.1', { settings: { audio: true } })).toBe(1_600_000)
  expect(estimate('veo3.1_fast', { duration: 4, settings: { audio: false } })).toBe(400_000)
})

test('a check tells the credits, and models are not offered where it fails', async () => {
  await using env = await openFakeRunway()
  const { url, key } = env.fake
  const check = await env.adapter.checkConnection(neverAborted)
  expect(check).toEqual({ ok: true, note: 'It works: 9 models, 4,321 credits left. Checking was free.' })
  const bad = [createTestAdapter({ url, key: 'key_wrong' }), createTestAdapter({ url: `${url}/v1`, key })]
  const expected = ['key_refused', 'provider_refused']
  for (const [at, adapter] of bad.entries()) {
    expect(await adapter.checkConnection(neverAborted)).toMatchObject({ ok: false, error: { code: expected[at] } })
    expect((await getProviderError(() => adapter.models(neverAborted))).code).toBe(expected[at] as never)
  }
  env.fake.setFault('html')
  expect(await env.adapter.checkConnection(neverAborted)).toMatchObject({ error: { code: 'provider_refused' } })
  expect(env.fake.posts()).toBe(0)
})
