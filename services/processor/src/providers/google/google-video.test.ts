import { expect, test } from 'bun:test'
import { getProviderError } from '../../../testing/get-provider-error.ts'
import { neverAborted } from '../../../testing/make-call.ts'
import type { ProviderRequest } from '../adapter.ts'
import { createReference, openFakeGoogle, VIDEO_REQUEST } from './google-env.fixture.ts'

const PATH = 'models/veo-3.1-generate-preview:predictLongRunning'

test('makes a video as an operation, whose file is fetched with the key in a header and from no other address', async () => {
  await using env = await openFakeGoogle()
  env.fake.setPolls(2)
  const { handle = '', receipt } = await env.makeCall({ ...VIDEO_REQUEST, negativePrompt: 'fog' })
  const [bill] = env.fake.billed()
  expect(handle).toBe(`operation:3:${bill?.trace}`)
  expect(receipt).toEqual({ trace: bill?.trace ?? '' })
  expect(bill?.micros).toBe(2_400_000)
  expect(env.readLastBody()).toEqual({
    instances: [{ prompt: 'a lighthouse' }],
    parameters: {
      aspectRatio: '16:9',
      resolution: '720p',
      durationSeconds: 6,
      negativePrompt: 'fog',
      seed: 4_294_967_295,
    },
  })
  for (const [ageSeconds, pollAfterSeconds] of [
    [0, 2],
    [600, 10],
  ] as const)
    expect(await env.adapter.check(handle, neverAborted, { ageSeconds })).toEqual({
      kind: 'waiting',
      pollAfterSeconds,
      outputs: [],
    })
  const checked = await env.adapter.check(handle, neverAborted, { ageSeconds: 60 })
  const output = checked.kind === 'finished' ? checked.outputs[0] : undefined
  if (output?.kind !== 'url') throw new Error('expected an address')
  expect(output).toMatchObject({ index: 3, needsAuth: true })
  expect(new URL(output.url).searchParams.has('key')).toBe(false)
  // Two days from the submission, which was a minute ago.
  expect(output.expiresAt?.getTime()).toBeCloseTo(Date.now() + 172_740_000, -4)
  const access = env.adapter.download?.()
  expect(access?.origins).toEqual([new URL(env.fake.url).origin, 'https://generativelanguage.googleapis.com'])
  const file = await fetch(output.url, { headers: access?.headers ?? {} })
  expect([file.status, file.headers.get('content-type')]).toEqual([200, 'video/mp4'])
  expect((await fetch(output.url)).status).toBe(400)
  expect(env.listPosts()).toEqual([PATH])
})

test('sends the first and the last frame by their roles', async () => {
  await using env = await openFakeGoogle()
  const [last, first] = [await createReference('last-frame'), await createReference('first-frame', 80)]
  await env.makeCall({ ...VIDEO_REQUEST, operation: 'animate', references: [last, first] })
  const { prompt: _, ...frames } = env.readLastBody().instances[0]
  expect(frames).toEqual({
    image: { bytesBase64Encoded: first.bytes.toBase64(), mimeType: 'image/png' },
    lastFrame: { bytesBase64Encoded: last.bytes.toBase64(), mimeType: 'image/png' },
  })
})

test('refuses what Google is known not to take before it is sent', async () => {
  await using env = await openFakeGoogle()
  const last = await createReference('last-frame')
  const refused = async (change: Partial<ProviderRequest>) =>
    await getProviderError(() => env.makeCall({ ...VIDEO_REQUEST, ...change }))
  expect(await refused({ references: [last] })).toMatchObject({
    code: 'reference_refused',
    message: 'Google takes a last frame only together with a first frame. Add one.',
  })
  for (const resolution of ['1080p', 2_880])
    expect(await refused({ resolution })).toMatchObject({
      code: 'setting_refused',
      message: expect.stringMatching(/^Google makes videos of (1080p|4k) in 8 seconds only\. /),
    })
  const huge = { ...last, role: 'first-frame' as const, bytes: new Uint8Array(15_000_000) }
  expect(await refused({ references: [huge] })).toMatchObject({ code: 'reference_refused' })
  expect(env.listPosts()).toEqual([])
  await env.makeCall({ ...VIDEO_REQUEST, resolution: '1080p', duration: 8, aspectRatio: '9:16' })
  expect(env.readLastBody().parameters).toMatchObject({ resolution: '1080p', durationSeconds: 8, aspectRatio: '9:16' })
})

test('says why there is no video, cannot stop one, and finds none that was removed', async () => {
  await using env = await openFakeGoogle()
  const { adapter, fake } = env
  fake.setPolls(0)
  for (const [fault, code, message] of [
    ['output-refused', 'output_refused', 'It says: “The video was filtered for its audio.”'],
    ['content-refused', 'content_refused', 'It says: “The prompt could not be submitted'],
    ['failed', 'provider_failed', 'It says: “Video generation failed due to an internal issue.”'],
    ['empty-answer', 'no_outputs', 'finished without giving anything.'],
  ] as const) {
    fake.setFault(fault)
    const { handle = '' } = await env.makeCall(VIDEO_REQUEST)
    fake.setFault(null)
    const checked = await adapter.check(handle, neverAborted)
    expect([fault, checked]).toMatchObject([fault, { kind: 'failed', error: { code, failure: 'permanent' } }])
    expect(checked.kind === 'failed' ? checked.error.message : '').toContain(message)
  }
  const before = env.listPosts().length
  const { handle = '' } = await env.makeCall(VIDEO_REQUEST)
  expect(await adapter.cancel(handle, neverAborted)).toEqual({ kind: 'unsupported', billed: null })
  expect(env.listPosts()).toHaveLength(before + 1)
  fake.setFault('expired')
  expect(await adapter.check(handle, neverAborted)).toEqual({ kind: 'gone' })
})

test('does not send the key to a file that is elsewhere', async () => {
  await using env = await openFakeGoogle()
  env.fake.setPolls(0)
  env.fake.setFault('elsewhere')
  const { handle = '' } = await env.makeCall(VIDEO_REQUEST)
  const checked = await env.adapter.check(handle, neverAborted)
  const [output] = checked.kind === 'finished' ? checked.outputs : []
  expect(output).toMatchObject({ kind: 'url', url: expect.stringContaining('https://storage.example.com/') })
  expect(output).not.toHaveProperty('needsAuth')
})
