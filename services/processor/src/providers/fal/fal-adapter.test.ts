import { expect, test } from 'bun:test'
import type { FailureClass, FailureCode } from '@darkroom/contracts/failures'
import sharp from 'sharp'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { makeCall, neverAborted, toSavedAnswer } from '../../../testing/make-call.ts'
import type { CheckResult, ProviderError, ProviderOutput, ProviderRequest, Receipt } from '../adapter.ts'
import { createFalAdapter } from './fal-adapter.ts'
import { createReference, openFakeFal, pollToEnd, REQUEST, VIDEO } from './fal-env.fixture.ts'

const DAY_MS = 86_400_000

function getUrl(result: CheckResult): { output: ProviderOutput; url: string; expiresAt: Date | null } {
  const [output] = result.kind === 'finished' ? result.outputs : []
  if (output?.kind !== 'url') throw new Error(`expected a URL, not ${Bun.inspect(result)}`)
  return { output, url: output.url, expiresAt: output.expiresAt }
}

function getFailure(result: CheckResult): ProviderError {
  if (result.kind !== 'failed') throw new Error(`expected a failure, not ${result.kind}`)
  return result.error
}

test('makes an image of the size that was chosen; its cost is that of the invoice, its trace the id of the request', async () => {
  await using env = await openFakeFal()
  const { handle = '', receipt } = await env.makeCall()
  const reported: Receipt[] = []
  await env.adapter.check(handle, neverAborted)
  const checked = await env.adapter.check(handle, neverAborted, {
    onReceipt: one => reported.push(one),
    ageSeconds: 60,
  })
  const { output, url, expiresAt } = getUrl(checked)
  expect(output).toMatchObject({ index: 3, kind: 'url' })
  const daysLeft = ((expiresAt?.getTime() ?? 0) - Date.now()) / DAY_MS
  expect(daysLeft).toBeGreaterThan(6.9)
  expect(daysLeft).toBeLessThan(7)
  expect(await sharp(await (await fetch(url)).bytes()).metadata()).toMatchObject({ width: 512, height: 384 })
  const [bill] = env.fake.billed()
  expect(receipt).toEqual({ trace: bill?.trace ?? '' })
  expect(reported).toEqual([
    {
      trace: bill?.trace ?? '',
      usage: { billable_units: 0.196608 },
      cost: { micros: bill?.micros ?? 0, currency: 'USD' },
      seed: 7,
    },
  ])
  expect(env.fake.posts()).toBe(1)
})

test('tells fal not to run a request again, and how long the outputs are wanted', async () => {
  await using env = await openFakeFal()
  await env.makeCall()
  const [sent] = env.fake.requests()
  expect(sent).toMatchObject({ method: 'POST', path: '/fal-ai/flux-2-pro' })
  expect(sent?.headers).toMatchObject({
    'x-fal-no-retry': '1',
    'x-fal-object-lifecycle-preference': '{"expiration_duration_seconds":604800}',
  })
})

test('sends the fields that a model has, and no size where it is left to the model', async () => {
  await using env = await openFakeFal()
  const settings = { output_format: 'jpeg', safety_tolerance: '5', 'no such': 1 }
  await env.makeCall({ ...REQUEST, negativePrompt: 'fog', settings })
  expect(env.readInput()).toEqual({
    prompt: 'a lighthouse',
    image_size: { width: 512, height: 384 },
    seed: 7,
    output_format: 'jpeg',
    safety_tolerance: '5',
  })
  await env.makeCall({ ...REQUEST, resolution: 'auto', settings: {} })
  expect(env.readInput()).toEqual({ prompt: 'a lighthouse', seed: 7 })
  const ratio = { model: 'fal/fal-ai/nano-banana-2', aspectRatio: '16:9', resolution: '2K', settings: {} }
  await env.makeCall({ ...REQUEST, ...ratio })
  expect(env.readInput()).toEqual({ prompt: 'a lighthouse', aspect_ratio: '16:9', resolution: '2K', seed: 7 })
  const qwen = { model: 'fal/fal-ai/qwen-image-2512', resolution: 'auto', negativePrompt: 'fog', settings: {} }
  await env.makeCall({ ...REQUEST, ...qwen })
  expect(env.readInput()).toEqual({ prompt: 'a lighthouse', seed: 7, negative_prompt: 'fog' })
})

/** Requests with images: the endpoint that each is sent to, and the fields with images. */
const ROUTES: readonly (readonly [string, Partial<ProviderRequest>, readonly string[], string, readonly string[]])[] = [
  ['edit', { operation: 'edit' }, ['reference', 'reference'], 'fal-ai/flux-2-pro/edit', ['image_urls']],
  [
    'inpaint',
    { operation: 'inpaint', model: 'fal/fal-ai/flux-pro/v1/fill', resolution: 'auto' },
    ['reference', 'mask'],
    'fal-ai/flux-pro/v1/fill',
    ['image_url', 'mask_url'],
  ],
  ['video', { ...VIDEO }, [], 'fal-ai/veo3.1/fast', []],
  ['animate', { ...VIDEO, operation: 'animate' }, ['first-frame'], 'fal-ai/veo3.1/fast/image-to-video', ['image_url']],
  [
    'from a first to a last frame',
    { ...VIDEO, operation: 'animate' },
    ['first-frame', 'last-frame'],
    'fal-ai/veo3.1/fast/first-last-frame-to-video',
    ['first_frame_url', 'last_frame_url'],
  ],
  [
    'with a last frame in the same endpoint',
    { ...VIDEO, model: 'fal/bytedance/seedance-2.0/text-to-video', operation: 'animate' },
    ['first-frame', 'last-frame'],
    'bytedance/seedance-2.0/image-to-video',
    ['image_url', 'end_image_url'],
  ],
  [
    'Kling',
    { ...VIDEO, model: 'fal/fal-ai/kling-video/v3/pro/image-to-video', operation: 'animate' },
    ['last-frame', 'first-frame'],
    'fal-ai/kling-video/v3/pro/image-to-video',
    ['start_image_url', 'end_image_url'],
  ],
]

test.each(ROUTES)('%s: sends the images as data URLs, and gets an output', async (_, own, roles, endpoint, fields) => {
  await using env = await openFakeFal()
  const references = await Promise.all(roles.map(role => createReference(role as 'reference')))
  const result = await env.finish({ ...REQUEST, ...own, references })
  const { url } = getUrl(result)
  expect(env.fake.requests().find(({ method }) => method === 'POST')?.path).toBe(`/${endpoint}`)
  const input = env.readInput()
  const sent = Object.entries(input).filter(([name]) => /_urls?$/.test(name))
  expect(sent.map(([name]) => name)).toEqual([...fields])
  expect(sent.flatMap(([, value]) => value)).toHaveLength(roles.length)
  for (const value of sent.flatMap(([, value]) => value)) expect(value).toMatch(/^data:image\/png;base64,iVBOR/)
  const file = await fetch(url)
  expect(file.headers.get('content-type')).toBe(own.kind === 'video' ? 'video/mp4' : 'image/png')
})

test('sends the duration of a video in the form of its model', async () => {
  await using env = await openFakeFal()
  await env.makeCall(VIDEO)
  expect(env.readInput()).toEqual({
    ...{ prompt: 'a lighthouse', aspect_ratio: '16:9', resolution: '720p' },
    ...{ seed: 7, duration: '6s', generate_audio: false },
  })
  await env.makeCall({ ...VIDEO, model: 'fal/bytedance/seedance-2.0/text-to-video' })
  expect(env.readInput()).toMatchObject({ duration: '6' })
  expect(env.readInput()).not.toHaveProperty('seed')
})

test('refuses what a model does not take before it is sent', async () => {
  await using env = await openFakeFal()
  const refuse = async (own: Partial<ProviderRequest>) =>
    await getProviderError(() => env.makeCall({ ...REQUEST, ...own }))
  const mask = await createReference('mask')
  const frame = await createReference('first-frame')
  const last = await createReference('last-frame')
  for (const references of [[mask], [frame], [last]])
    expect(await refuse({ references })).toMatchObject({ code: 'reference_refused', failure: 'permanent' })
  expect(await refuse({ ...VIDEO, references: [last] })).toMatchObject({ code: 'reference_refused' })
  const fill = 'fal/fal-ai/flux-pro/v1/fill'
  expect(await refuse({ model: fill })).toMatchObject({ message: 'This model needs an image.' })
  expect(await refuse({ model: fill, references: [mask] })).toMatchObject({ message: 'This model needs an image.' })
  expect(await refuse({ model: 'fal/toString' })).toMatchObject({ code: 'model_unknown' })
  expect(env.fake.posts()).toBe(0)
})

test('says the place in the queue, the progress of a bar in the logs, and when to ask again', async () => {
  await using env = await openFakeFal()
  env.fake.setQueuePosition(2)
  env.fake.setPolls(100)
  const { handle = '' } = await env.makeCall()
  const check = async (ageSeconds = 0) => await env.adapter.check(handle, neverAborted, { ageSeconds })
  expect(await check()).toEqual({ kind: 'waiting', pollAfterSeconds: 1, queuePosition: 3, outputs: [] })
  env.fake.setQueuePosition(null)
  expect(await check(60)).toEqual({ kind: 'waiting', pollAfterSeconds: 3, progress: 0.45, outputs: [] })
  env.fake.setLog('Loading the model')
  expect(await check(600)).toEqual({ kind: 'waiting', pollAfterSeconds: 5, outputs: [] })
})

test('a request that fal has no more is gone; a handle that is none, or leads elsewhere, is never sent anywhere', async () => {
  await using env = await openFakeFal()
  const { handle = '' } = await env.makeCall()
  env.fake.forgetRequests()
  expect(await env.adapter.check(handle, neverAborted)).toEqual({ kind: 'gone' })
  const sent = env.fake.requests().length
  const parsed = JSON.parse(handle)
  const others = [
    'nonsense',
    '{}',
    JSON.stringify({ ...parsed, status: 'http://127.0.0.1:9/a/b/requests/1/status' }),
    JSON.stringify({ ...parsed, cancel: 'https://queue.fal.run.example.com/x' }),
    JSON.stringify({ ...parsed, response: 'https://user:word@queue.fal.run/x' }),
  ]
  for (const other of others) {
    const work = [() => env.adapter.check(other, neverAborted), () => env.adapter.cancel(other, neverAborted)]
    for (const one of work) expect(await getProviderError(one)).toMatchObject({ code: 'request_unknown' })
  }
  expect(env.fake.requests()).toHaveLength(sent)
})

test('an answer whose URLs lead elsewhere is not accepted; those of fal are', async () => {
  await using env = await openFakeFal()
  const read = async (host: string) => {
    const url = `${host}/fal-ai/flux-2-pro/requests/r1`
    const body = { request_id: 'r1', status_url: `${url}/status`, response_url: url, cancel_url: `${url}/cancel` }
    const answer = toSavedAnswer([Buffer.from(JSON.stringify(body))])
    if (env.adapter.submitting.kind !== 'remote') throw new Error('expected a remote adapter')
    return await env.adapter.submitting.readAnswer(answer, { ...REQUEST, signal: neverAborted })
  }
  for (const host of ['https://queue.fal.run', 'https://queue.falrun.com'])
    expect(await read(host)).toMatchObject({ kind: 'accepted' })
  for (const host of ['https://evil.example.com', 'http://queue.fal.run', 'https://fal.run'])
    expect(await getProviderError(() => read(host))).toMatchObject({ code: 'provider_misbehaved', failure: 'unknown' })
})

test('a handle has no key in it, and is short', async () => {
  await using env = await openFakeFal()
  const { handle = '', raw } = await env.makeCall()
  for (const part of [env.fake.key, ...env.fake.key.split(':')]) expect(handle + raw).not.toContain(part)
  expect(handle.length).toBeLessThan(600)
})

test('a cancel in the queue is not billed, one of a request that runs may be, and a finished one is too late', async () => {
  await using env = await openFakeFal()
  env.fake.setQueuePosition(0)
  const { handle = '' } = await env.makeCall()
  expect(await env.adapter.cancel(handle, neverAborted)).toEqual({ kind: 'cancelled', billed: false })
  expect(env.fake.billed()).toEqual([])
  expect(env.fake.requests().at(-1)).toMatchObject({ method: 'PUT', path: expect.stringMatching(/\/cancel$/) })
  expect(getFailure(await env.adapter.check(handle, neverAborted))).toMatchObject({ code: 'cancelled_by_provider' })

  env.fake.setQueuePosition(null)
  env.fake.setPolls(100)
  const running = await env.makeCall()
  await env.adapter.check(running.handle ?? '', neverAborted)
  expect(await env.adapter.cancel(running.handle ?? '', neverAborted)).toEqual({ kind: 'cancelled', billed: null })

  env.fake.setPolls(0)
  const finished = await env.makeCall()
  await pollToEnd(env.adapter, finished.handle ?? '')
  const sent = env.fake.requests().filter(({ method }) => method === 'PUT').length
  const tooLate = { kind: 'too-late', billed: null } as const
  expect(await env.adapter.cancel(finished.handle ?? '', neverAborted)).toEqual(tooLate)
  expect(env.fake.requests().filter(({ method }) => method === 'PUT')).toHaveLength(sent)
  env.fake.forgetRequests()
  expect(await env.adapter.cancel(finished.handle ?? '', neverAborted)).toEqual(tooLate)
})

test('a request that ends between the look and the cancel is too late', async () => {
  await using env = await openFakeFal()
  // With two polls it is running when it is looked at, and is cancelled twice.
  env.fake.setPolls(100)
  const { handle = '' } = await env.makeCall()
  await env.adapter.check(handle, neverAborted)
  const cancelledTwice = createFalAdapter({
    connection: 'fal',
    baseUrl: env.fake.url,
    key: env.fake.key,
    fetch: (async (input: URL, init: RequestInit) => {
      if (init.method === 'PUT') await fetch(input, init)
      return await fetch(input, init)
    }) as unknown as typeof fetch,
  })
  expect(await cancelledTwice.cancel(handle, neverAborted)).toEqual({ kind: 'too-late', billed: null })
})

/** The error of a request that the queue had taken, by fault. */
const FAILURES: readonly (readonly [string, FailureCode, FailureClass, RegExp])[] = [
  ['content-refused', 'content_refused', 'permanent', /It says: “The content could not be processed/],
  ['setting-refused', 'setting_refused', 'permanent', /value of Safety Tolerance\. It says: “Input should be 1 to 5”/],
  ['runner-gone', 'provider_busy', 'retryable', /busy or down/],
  ['runner-failed', 'provider_failed', 'permanent', /could not make it/],
]

test.each(FAILURES)('%s: a request that failed is %s, %s', async (fault, code, failure, message) => {
  await using env = await openFakeFal()
  env.fake.setFault(fault)
  const error = getFailure(await env.finish())
  expect(error).toMatchObject({ code, failure })
  expect(error.message).toMatch(message)
  expect(env.fake.billed()).toEqual([])
})

test('an input that the model does not take is refused in words, by its field', async () => {
  await using env = await openFakeFal()
  const wrong = getFailure(await env.finish({ ...REQUEST, settings: { output_format: 'tiff' } }))
  expect(wrong).toMatchObject({ code: 'setting_refused', failure: 'permanent' })
  expect(wrong.message).toBe(
    'The provider does not take this value of Output Format. It says: “Input should be jpeg or png”',
  )
  const reference = { ...(await createReference('reference')), mimeType: 'text/html' }
  const unread = getFailure(await env.finish({ ...REQUEST, references: [reference] }))
  expect(unread).toMatchObject({ code: 'reference_refused', failure: 'permanent' })
})

test('concurrency, a locked account and a poll that fails have errors of their own', async () => {
  await using env = await openFakeFal()
  const { handle = '' } = await env.makeCall()
  const fail = async (fault: string, work: () => Promise<unknown> = () => env.makeCall()) => {
    env.fake.setFault(fault)
    return await getProviderError(work)
  }
  expect(await fail('too-many')).toMatchObject({ code: 'too_many_at_once', failure: 'retryable' })
  expect(await fail('no-credit')).toMatchObject({ code: 'payment_required' })
  expect((await fail('no-permission')).message).toContain('It says: “The key has no permission to run models.”')
  expect(await fail('rate-limited-until')).toMatchObject({ retryAfterSeconds: 7 })
  const poll = () => env.adapter.check(handle, neverAborted)
  expect(await fail('unavailable', poll)).toMatchObject({ code: 'provider_busy', failure: 'retryable' })
  expect(await fail('cut-mid-body', poll)).toMatchObject({ code: 'provider_unreachable', failure: 'retryable' })
  expect(await fail('html', poll)).toMatchObject({ code: 'provider_misbehaved', failure: 'retryable' })
  env.fake.setFault(null)
  expect(await pollToEnd(env.adapter, handle)).toMatchObject({ kind: 'finished' })
})

test('an image that the safety checker has blackened is refused, and was billed', async () => {
  await using env = await openFakeFal()
  env.fake.setFault('output-refused')
  const result = await env.finish()
  expect(result).toMatchObject({ kind: 'finished', outputs: [{ index: 3, kind: 'refused' }] })
  expect(env.fake.billed()).toHaveLength(1)
})

test('a cost is not reported where the endpoints of a model differ in price, nor where fal lists no price', async () => {
  await using env = await openFakeFal()
  const report = async (model: string) => {
    const { handle = '' } = await makeCall(env.adapter, { ...REQUEST, model, resolution: 'auto', settings: {} })
    const receipts: Receipt[] = []
    await env.adapter.check(handle, neverAborted)
    await env.adapter.check(handle, neverAborted, { onReceipt: receipt => receipts.push(receipt) })
    return receipts[0]
  }
  expect(await report('fal/fal-ai/flux-2')).toMatchObject({ usage: { billable_units: 0.786432 } })
  expect(await report('fal/fal-ai/flux-2')).not.toHaveProperty('cost')
  env.fake.setPlatform({ unknown: new Set(['fal-ai/flux-2-pro']) })
  expect(await report('fal/fal-ai/flux-2-pro')).not.toHaveProperty('cost')
  env.fake.setPlatform({ unknown: new Set() })
  expect(await report('fal/fal-ai/flux-2-pro')).toMatchObject({ cost: { micros: 23_593, currency: 'USD' } })
})

test('outputs on the address of the connection are fetched there, without the key', async () => {
  await using env = await openFakeFal()
  expect(env.adapter.download?.()).toEqual({ headers: {}, origins: [new URL(env.fake.url).origin] })
})
