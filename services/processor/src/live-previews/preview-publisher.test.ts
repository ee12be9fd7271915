import { expect, test } from 'bun:test'
import { MediaError } from '@darkroom/infra/images/media-error'
import { createMetrics } from '@darkroom/infra/metrics'
import { createProcessorMetrics } from '../metrics.ts'
import { createPreviewPublisher } from './preview-publisher.ts'

const PNG = new Uint8Array([1, 2, 3])

test('nothing is encoded while nobody watches', async () => {
  const env = createEnv({ watched: [] })
  await env.offer(0)
  expect(env.published).toEqual([])
})

test('an output has two previews a second at most, in rising order, and other outputs are not waiting back by it', async () => {
  const env = createEnv()
  await env.offer(0)
  await env.offer(0)
  await env.offer(1)
  env.wait(499)
  await env.offer(0)
  env.wait(1)
  await env.offer(0)
  expect(env.published.map(({ index }) => index)).toEqual([0, 1, 0])
  const sequences = env.published.map(({ sequence }) => sequence)
  expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => a - b))
})

test('all outputs together have twenty a second', async () => {
  const env = createEnv()
  for (let index = 0; index < 50; index++) await env.offer(index)
  expect(env.published).toHaveLength(20)
  env.wait(500)
  for (let index = 50; index < 100; index++) await env.offer(index)
  expect(env.published).toHaveLength(30)
})

test('while two are encoded or on their way, others are dropped: none waits', async () => {
  const env = createEnv()
  const [first, second] = [env.hold(), env.hold()]
  for (let index = 0; index < 5; index++) await env.offer(index)
  first.resolve()
  second.resolve()
  await Bun.sleep(0)
  expect(env.published.map(({ index }) => index)).toEqual([0, 1])
  expect(await env.countDropped()).toBe(3)
})

test('a generation whose preview is no image has no more of them; a busy decoder is no reason', async () => {
  const env = createEnv()
  env.hold().reject(new Error('busy'))
  await env.offer(0)
  await env.offer(1)
  env.hold().reject(new MediaError('damaged', 'is no image'))
  await env.offer(2)
  await env.offer(3)
  expect(env.published.map(({ index }) => index)).toEqual([1])
})

function createEnv({ watched = ['w'] } = {}) {
  let time = 0
  const waiting: PromiseWithResolvers<void>[] = []
  const published: { index: number; sequence: number }[] = []
  const metrics = createProcessorMetrics(createMetrics('test'))
  const publisher = createPreviewPublisher({
    bus: { publishTransient: async (_, data) => void published.push(data as never) },
    images: {
      makeLivePreview: async bytes => {
        await waiting.shift()?.promise
        return { bytes: bytes as Uint8Array }
      },
    },
    audience: { isWatched: workspaceId => watched.includes(workspaceId) },
    metrics,
    signal: new AbortController().signal,
    now: () => time,
  })
  return {
    published,
    offer: async (index: number) => {
      publisher.offer({ workspaceId: 'w', generationId: 'g', index }, PNG)
      await Bun.sleep(0)
    },
    /** Has the next preview wait in the encoder. */
    hold: () => {
      const one = Promise.withResolvers<void>()
      one.promise.catch(() => {})
      waiting.push(one)
      return one
    },
    wait: (ms: number) => {
      time += ms
    },
    countDropped: async () => (await metrics.livePreviewsDropped.get()).values[0]?.value,
  }
}
