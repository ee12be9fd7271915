import { expect, test } from 'bun:test'
import { LivePreview } from '@darkroom/contracts/events'
import { audienceSubject, livePreviewSubject } from '@darkroom/contracts/subjects'
import { startFakeOpenAi } from '@darkroom/infra/testing/fake-openai/fake-server'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import sharp from 'sharp'
import { createTestAdapter, startTestFake } from '../providers/comfyui/comfyui-env.fixture.ts'
import { createOpenAiAdapter } from '../providers/openai/openai-adapter.ts'
import { useWorkerEnv, type WorkerEnv } from '../worker-env.fixture.ts'

let env: WorkerEnv
useWorkerEnv(opened => {
  env = opened
})

test('nobody watches: nothing is asked of the provider but the outputs', async () => {
  env.fake.setBehavior({ previewEveryMs: 20, delayMs: 300 })
  const { deps } = await env.startWorker()
  expect((await env.queueAndWait({ outputs: 2 })).status).toBe('completed')
  expect([env.fake.requestLog.watched, deps.livePreviews.count()]).toEqual([[], 0])
})

test('previews of each output come while somebody watches, through one connection over several polls, and end with the call', async () => {
  env.fake.setBehavior({ previewEveryMs: 20, readyOutputs: 0, lookAgainSeconds: 1.1 })
  const { deps } = await env.startWorker()
  using previews = await collectPreviews()
  const id = await env.queue({ outputs: 2 })
  await env.fake.waitForRequests(log => log.checks.length >= 2)
  await env.bus.publishTransient(audienceSubject(env.workspaceId))
  await waitFor('previews of both outputs', 60_000, async () => new Set(previews.map(({ index }) => index)).size === 2)
  const polls = env.fake.requestLog.checks.length
  await env.fake.waitForRequests(log => log.checks.length >= polls + 2)
  expect(env.fake.requestLog.watched).toHaveLength(1)
  env.fake.setBehavior({ readyOutputs: null })
  expect((await env.waitUntilEnded(id)).status).toBe('completed')
  await env.fake.waitForRequests(log => log.watching === 0)
  expect(deps.livePreviews.count()).toBe(0)
  const [first] = previews
  expect(first?.id).toBe(id)
  expect(await sharp(Buffer.from(first?.image ?? '', 'base64')).metadata()).toMatchObject({ format: 'webp' })
  const own = previews.filter(({ index }) => index === 0).map(({ sequence }) => sequence)
  expect(own).toEqual([...new Set(own)].toSorted((a, b) => a - b))
})

test('a call that waits at the provider is not watched until the provider works on it; a cancel ends the watching between polls', async () => {
  env.fake.setBehavior({ previewEveryMs: 20, readyOutputs: 0, lookAgainSeconds: 0.1, queuePosition: 3 })
  const { deps } = await env.startWorker()
  await env.bus.publishTransient(audienceSubject(env.workspaceId))
  const id = await env.queue({ outputs: 1 })
  await env.fake.waitForRequests(log => log.checks.length >= 3)
  expect(env.fake.requestLog.watched).toEqual([])
  env.fake.setBehavior({ queuePosition: null, lookAgainSeconds: 30 })
  await env.fake.waitForRequests(log => log.watching === 1)
  deps.livePreviews.endGeneration(id)
  await env.fake.waitForRequests(log => log.watching === 0)
})

test('progress that is told between polls is written with the next one', async () => {
  env.fake.setBehavior({ previewEveryMs: 20, readyOutputs: 0, delayMs: 3_000, lookAgainSeconds: 1.1 })
  await env.startWorker()
  await env.bus.publishTransient(audienceSubject(env.workspaceId))
  const id = await env.queue({ outputs: 1 })
  // A poll alone says 0: no output is ready.
  await env.waitUntil(id, ({ progress }) => progress !== null && progress > 0)
})

test('previews that are in an answer come as well, and are paid for only while somebody watches', async () => {
  await using fake = await startFakeOpenAi()
  const adapter = createOpenAiAdapter({ connection: 'openai', baseUrl: fake.url, key: fake.key })
  const { deps } = await env.startWorker({ adapters: [adapter] })
  const model = 'openai/gpt-image-2.6-flare'
  const parameters = { resolution: 1_024, settings: { quality: 'low', previews: true } }
  const make = () => env.queueAndWait({ provider: 'openai', model, size: 1_024, parameters })
  using previews = await collectPreviews()
  expect((await make()).status).toBe('completed')
  await env.bus.publishTransient(audienceSubject(env.workspaceId))
  await waitFor('the heartbeat', 60_000, async () => deps.livePreviews.isWatched(env.workspaceId))
  const { id } = await make()
  await waitFor('a preview', 60_000, async () => previews.length > 0)
  expect(previews.map(preview => [preview.id, preview.index])).toEqual([[id, 0]])
  const [without, among] = fake.billed()
  expect((among?.micros ?? 0) - (without?.micros ?? 0)).toBe(6_000)
})

test('a server of ComfyUI shows previews and progress over its websocket, which is opened only while somebody watches', async () => {
  await using fake = await startTestFake()
  await env.startWorker({ adapters: [createTestAdapter(fake)] })
  const parameters = { settings: { steps: 20 } }
  const make = () => env.queue({ provider: 'comfyui', model: 'comfyui/landscape', size: 256, parameters })
  using previews = await collectPreviews()
  const unwatched = await env.waitUntilEnded(await make())
  expect([unwatched.status, previews.length]).toEqual(['completed', 0])
  fake.setStepMs(150)
  await env.bus.publishTransient(audienceSubject(env.workspaceId))
  const id = await make()
  await env.waitUntil(id, ({ progress }) => progress !== null && progress > 0 && progress < 1)
  expect((await env.waitUntilEnded(id)).status).toBe('completed')
  expect(new Set(previews.map(preview => preview.id))).toEqual(new Set([id]))
})

async function collectPreviews(): Promise<LivePreview[] & Disposable> {
  const ended = new AbortController()
  const previews: LivePreview[] = []
  const onMessage = ({ data }: { data: unknown }) => previews.push(LivePreview.parse(data))
  await env.bus.subscribeTransient(livePreviewSubject(env.workspaceId), onMessage, ended.signal)
  return Object.assign(previews, { [Symbol.dispose]: () => ended.abort() })
}
