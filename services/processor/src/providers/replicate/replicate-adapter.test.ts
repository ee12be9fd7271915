import { expect, test } from 'bun:test'
import { makeCall, neverAborted } from '../../../testing/make-call.ts'
import { ProviderError, type ProviderOutput, type ProviderRequest } from '../adapter.ts'
import { createReference, createTestAdapter, openFakeReplicate, REQUEST } from './replicate-env.fixture.ts'

type Env = Awaited<ReturnType<typeof openFakeReplicate>>

/** Submits a request, and returns the path and the body that were sent. */
async function send(env: Env, change: Partial<ProviderRequest> = {}) {
  await env.submit(change)
  const sent = env.fake.requests().findLast(({ path, method }) => method === 'POST' && path.endsWith('/predictions'))
  return { path: sent?.path, headers: sent?.headers, body: JSON.parse(sent?.body ?? '{}') }
}

test('a submission: of an official model goes to its name, and is answered at once', async () => {
  await using env = await openFakeReplicate()
  const { path, headers, body } = await send(env)
  expect(path).toBe('/v1/models/black-forest-labs/flux-2-pro/predictions')
  expect(body).toEqual({
    input: { output_format: 'png', prompt: 'a lighthouse', seed: 7, aspect_ratio: '1:1', resolution: '1 MP' },
  })
  expect(headers).not.toHaveProperty('prefer')
  expect(headers?.authorization).toBe(`Bearer ${env.fake.key}`)
  expect(env.fake.posts()).toBe(1)
})

test('a submission: of another model goes to its version', async () => {
  await using env = await openFakeReplicate()
  const references = [createReference('source')]
  const request = {
    model: 'replicate/nightmareai/real-esrgan',
    settings: { face_enhance: true },
    references,
  } as const
  const { path, body } = await send(env, { ...request, resolution: 'auto' })
  expect(path).toBe('/v1/predictions')
  expect(body).toEqual({
    version: 'f121d640bd286e1fdc67f9799164c1d5be36ff74576ee11c803ae5b665dd46aa',
    input: { face_enhance: true, scale: 4, image: expect.stringContaining('/v1/files/') },
  })
})

test('a submission: has the tier in the words of the model, whether it is chosen by name or by side', async () => {
  await using env = await openFakeReplicate()
  for (const resolution of ['2MP', 1_448])
    expect((await send(env, { resolution, aspectRatio: '16:9' })).body.input).toMatchObject({
      ...{ aspect_ratio: '16:9', resolution: '2 MP' },
    })
})

test('a submission: of size auto follows the image, and leaves the size out without one', async () => {
  await using env = await openFakeReplicate()
  const references = [createReference('reference'), createReference('reference')]
  const { body } = await send(env, { resolution: 'auto', references })
  expect(body.input).toMatchObject({ aspect_ratio: 'match_input_image', resolution: 'match_input_image' })
  expect(body.input.input_images).toHaveLength(2)
  const alone = await send(env, { resolution: 'auto' })
  expect(alone.body.input).not.toHaveProperty('aspect_ratio')
  expect(alone.body.input).not.toHaveProperty('resolution')
})

test('a submission: has its images uploaded before, in their roles, which is no submission', async () => {
  await using env = await openFakeReplicate()
  const fill = {
    model: 'replicate/black-forest-labs/flux-fill-pro',
    settings: {},
    references: [createReference('reference'), createReference('mask')],
  }
  const { body } = await send(env, fill)
  const paths = env.fake.requests().map(({ method, path }) => `${method} ${path}`)
  expect(paths.slice(-3)).toEqual([
    'POST /v1/files',
    'POST /v1/files',
    'POST /v1/models/black-forest-labs/flux-fill-pro/predictions',
  ])
  expect(env.fake.requests().at(-3)?.body).toContain('name="content"; filename="reference.png"')
  expect(body.input.image).not.toBe(body.input.mask)
  expect(env.fake.posts()).toBe(1)
})

test('a submission: of a video has its seconds and frames', async () => {
  await using env = await openFakeReplicate()
  const references = [createReference('first-frame'), createReference('last-frame')]
  const { body } = await send(env, {
    ...{ model: 'replicate/kwaivgi/kling-v2.5-turbo-pro', kind: 'video', settings: {}, references },
    ...{ duration: 10, negativePrompt: 'rain', aspectRatio: '16:9', resolution: '720p' },
  })
  expect(body.input).toMatchObject({ duration: 10, aspect_ratio: '16:9', negative_prompt: 'rain' })
  expect(Object.keys(body.input).toSorted()).toEqual(
    ['aspect_ratio', 'duration', 'end_image', 'negative_prompt', 'prompt', 'start_image'].toSorted(),
  )
})

test('a submission: with an image that the model does not take is refused before it is sent', async () => {
  await using env = await openFakeReplicate()
  await expect(env.submit({ references: [createReference('mask')] })).rejects.toMatchObject({
    code: 'reference_refused',
  })
  expect(env.fake.posts()).toBe(0)
})

test('a submission: of a model that Replicate does not have is refused before it is sent', async () => {
  await using env = await openFakeReplicate()
  for (const model of ['replicate/nobody/nothing', 'replicate/../account', 'replicate/x'])
    await expect(env.submit({ model })).rejects.toMatchObject({ code: 'model_unknown', failure: 'permanent' })
  expect(env.fake.posts()).toBe(0)
})

test('a submission: by a process that has not listed the models reads the model first', async () => {
  await using env = await openFakeReplicate()
  expect((await makeCall(createTestAdapter(env.fake), REQUEST)).handle).toMatch(/^\w{26}$/)
  expect(env.fake.posts()).toBe(1)
})

test.each(['cut-before-answer', 'cut-mid-body'])(
  '%s while its images are uploaded: nothing was bought',
  async fault => {
    await using env = await openFakeReplicate()
    env.fake.setFault(fault)
    await expect(env.submit({ references: [createReference('reference')] })).rejects.toMatchObject({
      failure: 'retryable',
    })
    expect([env.fake.posts(), env.fake.billed()]).toEqual([0, []])
  },
)

test('a refusal: of a rate names the wait in its words', async () => {
  await using env = await openFakeReplicate()
  env.fake.setFault('rate-limited-until')
  await expect(env.submit()).rejects.toMatchObject({ code: 'rate_limited', retryAfterSeconds: 30 })
  env.fake.setFault('rate-limited')
  await expect(env.submit()).rejects.toMatchObject({ code: 'rate_limited', retryAfterSeconds: null })
})

test('a refusal: of an input quotes what is allowed, without the path to it', async () => {
  await using env = await openFakeReplicate()
  await expect(env.submit({ settings: { output_quality: 500 } })).rejects.toMatchObject({
    code: 'setting_refused',
    message: expect.stringContaining('It says: “- output_quality: Must be at most 100”'),
  })
  await expect(env.submit({ settings: { tempo: 3 } })).rejects.toMatchObject({ code: 'setting_refused' })
})

test('a refusal: of an image is one of the reference', async () => {
  await using env = await openFakeReplicate()
  env.fake.setFault('reference-refused')
  await expect(env.submit()).rejects.toMatchObject({ code: 'reference_refused', failure: 'permanent' })
})

test('a refusal: of a permission quotes Replicate', async () => {
  await using env = await openFakeReplicate()
  env.fake.setFault('no-permission')
  const message = expect.stringContaining('You do not have permission to run this model.')
  await expect(env.submit()).rejects.toMatchObject({ code: 'no_permission', message })
})

test('a prediction: is in the queue, then runs, then has its file, which can be fetched without the key', async () => {
  await using env = await openFakeReplicate()
  env.fake.state.isQueued = true
  const handle = await env.submit()
  expect(await env.poll(handle)).toMatchObject({ result: { kind: 'waiting', queuePosition: 0, pollAfterSeconds: 1 } })
  env.fake.state.isQueued = false
  const running = await env.poll(handle)
  expect(running.result.kind).toBe('waiting')
  expect(running.result).not.toHaveProperty('queuePosition')
  const before = Date.now()
  const { result } = await env.poll(handle)
  const [output, ...others] = result.kind === 'finished' ? result.outputs : []
  const url = output?.kind === 'url' ? output.url : ''
  expect([output?.index, others.length]).toEqual([3, 0])
  expect(url).toMatch(/\/files\/\w+\/out-0\.png$/)
  const expiresAt = getExpiry(output)
  expect(expiresAt).toBeGreaterThanOrEqual(before + 3_590_000)
  expect(expiresAt).toBeLessThanOrEqual(Date.now() + 3_600_000)
  expect(output).not.toHaveProperty('needsAuth')
  expect(env.adapter.download?.()).toEqual({ headers: {}, origins: [new URL(env.fake.url).origin] })
  const file = await fetch(url)
  expect([file.status, file.headers.get('content-type')]).toEqual([200, 'image/png'])
})

test('a prediction: reports its seconds and its model, and is billed under its id', async () => {
  await using env = await openFakeReplicate()
  env.fake.setPolls(0)
  const handle = await env.submit()
  const { receipt } = await env.poll(handle)
  expect(receipt).toEqual({
    usage: { predict_time: 1.25, image_count: 1 },
    model: 'black-forest-labs/flux-2-pro',
  })
  expect(env.fake.billed()).toEqual([{ micros: 40_000, trace: handle }])
})

test('a prediction: names the model that ran, where it is another', async () => {
  await using env = await openFakeReplicate()
  env.fake.setPolls(0)
  env.fake.state.runningModel = 'black-forest-labs/flux-2-dev'
  expect((await env.poll(await env.submit())).receipt.model).toBe('black-forest-labs/flux-2-dev')
})

test.each([
  ['a list', 'black-forest-labs/flux-schnell'],
  ['a text', 'google/nano-banana-pro'],
])('a prediction: whose output is %s has one output a call', async (_, model) => {
  await using env = await openFakeReplicate()
  env.fake.setPolls(0)
  const { result } = await env.poll(await env.submit({ model: `replicate/${model}`, settings: {}, resolution: 'auto' }))
  expect(result).toMatchObject({ kind: 'finished', outputs: [{ index: 3, kind: 'url' }] })
})

test.each([
  [{ image: 'https://replicate.delivery/a.png' }, 'finished'],
  [{ images: ['https://replicate.delivery/a.png'] }, 'finished'],
  [['a text', 7], 'failed'],
  ['file:///etc/passwd', 'failed'],
  [null, 'gone'],
])('a prediction: with the output %j is %s', async (output, kind) => {
  await using env = await openFakeReplicate()
  env.fake.setPolls(0)
  env.fake.state.output = output
  expect((await env.poll(await env.submit())).result.kind).toBe(kind as 'finished')
})

test('a prediction: whose data was removed is gone; one of another account was never seen', async () => {
  await using env = await openFakeReplicate()
  env.fake.setPolls(0)
  const handle = await env.submit()
  env.fake.removeData()
  expect((await env.poll(handle)).result).toEqual({ kind: 'gone' })
  expect((await env.poll('abcdefghijklmnopqrstuvwxyz')).result).toEqual({ kind: 'never-seen' })
})

test.each(['../account', 'a/b', '', 'x'.repeat(200)])(
  'a prediction: is not looked for by the handle %j',
  async handle => {
    await using env = await openFakeReplicate()
    const before = env.fake.requests().length
    await expect(env.poll(handle)).rejects.toMatchObject({ code: 'request_unknown' })
    await expect(env.adapter.cancel(handle, neverAborted)).rejects.toBeInstanceOf(ProviderError)
    expect(env.fake.requests()).toHaveLength(before)
  },
)

test.each([
  ['NSFW content detected.', 'content_refused'],
  ['The input or output was flagged as sensitive. Please try again with different inputs. (E005)', 'content_refused'],
  ['CUDA out of memory', 'provider_failed'],
])('a prediction: that failed with “%s” is %s', async (failure, code) => {
  await using env = await openFakeReplicate()
  env.fake.setPolls(0)
  env.fake.state.failure = failure
  const { result } = await env.poll(await env.submit())
  expect(result).toMatchObject({
    kind: 'failed',
    error: { code, message: expect.stringContaining(failure.slice(0, 14)) },
  })
})

test('a prediction: that was not begun in time was cancelled by Replicate', async () => {
  await using env = await openFakeReplicate()
  env.fake.state.isQueued = true
  const handle = await env.submit()
  env.fake.abort(handle)
  expect((await env.poll(handle)).result).toMatchObject({ kind: 'failed', error: { code: 'cancelled_by_provider' } })
  expect(env.fake.billed()).toEqual([])
})

test('a prediction: that cannot be polled now is polled later', async () => {
  await using env = await openFakeReplicate()
  const handle = await env.submit()
  for (const fault of ['cut-mid-body', 'html', 'unavailable']) {
    env.fake.setFault(fault)
    await expect(env.poll(handle)).rejects.toMatchObject({ failure: 'retryable' })
  }
})

test('a cancel: of a prediction that has not begun is not billed', async () => {
  await using env = await openFakeReplicate()
  env.fake.state.isQueued = true
  const handle = await env.submit()
  expect(await env.adapter.cancel(handle, neverAborted)).toEqual({ kind: 'cancelled', billed: false })
  expect(env.fake.billed()).toEqual([])
  expect((await env.poll(handle)).result).toMatchObject({ kind: 'failed', error: { code: 'cancelled_by_provider' } })
})

test('a cancel: of one that runs is billed for its time', async () => {
  await using env = await openFakeReplicate()
  env.fake.setPolls(10)
  const handle = await env.submit()
  await env.poll(handle)
  expect(await env.adapter.cancel(handle, neverAborted)).toEqual({ kind: 'cancelled', billed: true })
  expect(env.fake.billed()).toHaveLength(1)
})

test('a cancel: of one that is done comes too late; one that is not there was never ours', async () => {
  await using env = await openFakeReplicate()
  env.fake.setPolls(0)
  const handle = await env.submit()
  await env.poll(handle)
  expect(await env.adapter.cancel(handle, neverAborted)).toEqual({ kind: 'too-late', billed: true })
  const unknown = await env.adapter.cancel('abcdefghijklmnopqrstuvwxyz', neverAborted)
  expect(unknown).toEqual({ kind: 'too-late', billed: null })
})

function getExpiry(output: ProviderOutput | undefined): number {
  return output?.kind === 'url' ? (output.expiresAt?.getTime() ?? 0) : 0
}
