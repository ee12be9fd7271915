import { expect, test } from 'bun:test'
import type { WatchOptions } from '../providers/adapter.ts'
import { createCallWatchers, MAX_WATCHERS } from './call-watchers.ts'

test('a call is watched from its start while somebody watches, and again when somebody is back', async () => {
  const env = createEnv()
  env.isWatched = false
  const watch = env.open('g')
  watch.start()
  expect(env.open('g')).toBeDefined()
  expect(env.count()).toBe(0)
  env.isWatched = true
  env.refresh()
  expect([env.count(), env.opened]).toEqual([1, 1])
  env.isWatched = false
  env.refresh()
  await Bun.sleep(0)
  expect(env.count()).toBe(0)
  env.isWatched = true
  env.refresh()
  expect([env.count(), env.opened]).toEqual([1, 2])
})

test('it goes on between polls, and ends when the next poll does not come', async () => {
  const env = createEnv()
  const watch = env.open('g')
  watch.start()
  watch.extend(10)
  env.wait(24_000)
  expect([env.count(), env.opened]).toEqual([1, 1])
  const again = env.open('g')
  again.start()
  env.wait(60_000)
  expect([env.count(), env.opened]).toEqual([1, 1])
  again.extend(10)
  env.wait(26_000)
  await Bun.sleep(0)
  expect(env.count()).toBe(0)
})

test('progress is remembered from one poll to the next, and that of another call at the provider is not', () => {
  const env = createEnv()
  const watch = env.open('g')
  watch.start()
  env.options.at(-1)?.onProgress(0.4)
  watch.extend(1)
  expect(env.open('g').progress()).toBe(0.4)
  expect(env.open('g', 'another').progress()).toBeUndefined()
})

test('only previews of requested outputs are handed on, and none after the end', () => {
  const env = createEnv()
  const watch = env.open('g')
  watch.start()
  const [options] = env.options
  for (const index of [0, 1, 7, -1, 0.5]) options?.onPreview(index, new Uint8Array(1))
  watch.end()
  options?.onPreview(0, new Uint8Array(1))
  expect(env.offered).toEqual(['g 0', 'g 1'])
})

test('there are no more connections than allowed, and a call that ended makes room', async () => {
  const env = createEnv()
  const watches = Array.from({ length: MAX_WATCHERS + 3 }, (_, n) => env.open(`g${n}`))
  for (const watch of watches) watch.start()
  expect(env.count()).toBe(MAX_WATCHERS)
  watches[0]?.end()
  await Bun.sleep(0)
  env.refresh()
  expect(env.count()).toBe(MAX_WATCHERS)
})

test('a provider that ends it at once is asked five times; a stop of this process and a cancel end it', async () => {
  const env = createEnv()
  env.endsAtOnce = true
  env.open('ends').start()
  for (let n = 0; n < 20; n++) {
    await Bun.sleep(0)
    env.refresh()
  }
  expect(env.opened).toBe(5)
  env.endsAtOnce = false
  for (const id of ['a', 'b']) env.open(id).start()
  env.watchers.endGeneration('a')
  await Bun.sleep(0)
  expect(env.count()).toBe(1)
  env.stop()
  await Bun.sleep(0)
  env.refresh()
  expect(env.count()).toBe(0)
})

test('a pause is over when the provider ends the watching, the next one is whole again, and an abort ends any', async () => {
  const env = createEnv()
  env.endsAtOnce = true
  const watch = env.open('g')
  const first = watch.pause(60_000, new AbortController().signal)
  watch.start()
  await first
  const aborted = new AbortController()
  const second = watch.pause(60_000, aborted.signal).then(() => 'over')
  expect(await Promise.race([second, Bun.sleep(0).then(() => 'pending')])).toBe('pending')
  aborted.abort()
  expect(await second).toBe('over')
})

test('nothing is watched of a provider that tells nothing', () => {
  const env = createEnv()
  const watch = env.watchers.open({ ...createCall('g', 'h'), adapter: {} })
  watch.start()
  watch.extend(1)
  watch.end()
  expect([env.count(), watch.progress()]).toEqual([0, undefined])
})

function createCall(generationId: string, handle: string) {
  return { workspaceId: 'w', generationId, call: 0, handle, indices: [0, 1] }
}

function createEnv() {
  let time = 0
  const stopping = new AbortController()
  const env = { isWatched: true, endsAtOnce: false, opened: 0, offered: [] as string[], options: [] as WatchOptions[] }
  const adapter = {
    watch: async (_: string, options: WatchOptions, signal: AbortSignal) => {
      env.opened += 1
      env.options.push(options)
      if (env.endsAtOnce || signal.aborted) return
      const { promise, resolve } = Promise.withResolvers<void>()
      signal.addEventListener('abort', () => resolve(), { once: true })
      await promise
    },
  }
  const watchers = createCallWatchers({
    audience: { isWatched: () => env.isWatched },
    publisher: { offer: ({ generationId, index }) => void env.offered.push(`${generationId} ${index}`) },
    signal: stopping.signal,
    now: () => time,
  })
  return Object.assign(env, {
    watchers,
    ...watchers,
    open: (generationId: string, handle = 'h') => watchers.open({ ...createCall(generationId, handle), adapter }),
    stop: () => stopping.abort(),
    wait: (ms: number) => {
      time += ms
      watchers.refresh()
    },
  })
}
