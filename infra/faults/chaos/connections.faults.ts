import { afterAll, beforeAll, expect, test } from 'bun:test'
import { sleep } from '../../src/runtime/timers.ts'
import { type FakeOpenAi, startFakeOpenAi } from '../../testing/fake-openai/fake-server.ts'
import {
  type FakeOpenAiCompatible,
  startFakeOpenAiCompatible,
} from '../../testing/fake-openai-compatible/fake-server.ts'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { startProxy } from '../../testing/net-proxy.ts'
import {
  addConnection,
  CHANGE_MS,
  listConnections,
  listModelIds,
  waitForConnection,
  waitForModels,
} from '../../testing/studio/connections-client.ts'
import type { FaultService } from '../../testing/studio/fault-service.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { withAnotherProcessor } from './stack-actions.ts'

/** Connections of several processors, each with an environment of its own, and connections that come and go. */

const LIMIT_MS = 120_000
const OPENAI = 'openai'
const SERVER = 'openai-compatible'
const ANSWER_MS = 2_500
/** Settings without a connection. */
const NONE = { OPENAI_API_KEY: '', OPENAI_BASE_URL: '', OPENAI_COMPATIBLE_URL: '', OPENAI_COMPATIBLE_KEY: '' }

let disposables: AsyncDisposableStack
let stack: TestStack
let openai: FakeOpenAi
let server: FakeOpenAiCompatible
/** The processor of the server; the first one has the account at OpenAI. */
let second: FaultService

beforeAll(async () => {
  disposables = new AsyncDisposableStack()
  openai = disposables.use(await startFakeOpenAi())
  server = disposables.use(await startFakeOpenAiCompatible({ flavour: 'litellm' }))
  const env = { OPENAI_API_KEY: openai.key, OPENAI_BASE_URL: openai.url }
  stack = disposables.use(await startTestStack({ env }))
  second = await stack.addProcessor({ ...NONE, OPENAI_COMPATIBLE_URL: server.url, OPENAI_COMPATIBLE_KEY: server.key })
})
afterAll(() => disposables.disposeAsync())

test('each of two processors serves the connection of its environment, and neither takes the models of the other away', async () => {
  const offered = await Promise.all([OPENAI, SERVER].map(id => waitForModels(stack.client, id)))
  const watch = watchModels(offered.flat())
  for (const processor of [stack.processor, second]) {
    await expectBothServe()
    await processor.restart()
  }
  await expectBothServe()
  expect(await watch.stop()).toEqual([])
})

test('a wrong key, a server that is not there, one that is silent and one that answers nonsense keep nothing from working', async () => {
  await using silent = await startFakeOpenAiCompatible({ flavour: 'sdcpp' })
  await using nonsense = await startFakeOpenAiCompatible({ flavour: 'sdcpp' })
  silent.setFault('hang')
  nonsense.setFault('html')
  const environments = [
    {
      ...NONE,
      OPENAI_API_KEY: 'sk-wrong',
      OPENAI_BASE_URL: openai.url,
      OPENAI_COMPATIBLE_URL: 'http://127.0.0.1:1/v1',
    },
    { ...NONE, OPENAI_COMPATIBLE_URL: silent.url },
    { ...NONE, OPENAI_COMPATIBLE_URL: nonsense.url },
  ]
  // Each resolves once it is ready.
  const added: FaultService[] = []
  for (const env of environments) added.push(await stack.addProcessor(env))
  await expectBothServe()
  await waitForConnection(stack.client, 'openai-2', ({ state }) => state.kind === 'wrong-key')
  await waitForConnection(stack.client, 'openai-compatible-2', ({ state }) => state.kind === 'unreachable')
  await waitForConnection(stack.client, 'openai-compatible-4', ({ state }) => state.kind === 'failing')
  expect(await listModelIds(stack.client, 'openai-compatible-3')).toEqual([])
  for (const processor of added) await stack.removeProcessor(processor)
})

test('a connection that is added makes images at once; one that is removed during a call receives its answer, and offers nothing', async () => {
  const { client, sql } = stack
  await using fake = await startFakeOpenAi()
  await using proxy = await startProxy(Number(new URL(fake.url).port))
  const baseUrl = proxy.urlThrough(fake.url)
  const { id } = await addConnection(client, { kind: 'openai', baseUrl, key: fake.key })
  const [model = ''] = await waitForModels(client, id, { milliseconds: CHANGE_MS })
  proxy.setFault({ kind: 'latency', milliseconds: ANSWER_MS })
  const submitted = await client.submit({ prompt: 'on its way', model, parameters: { numOutputs: 1 } })
  await waitFor('The call', LIMIT_MS, async () => fake.posts() === 1)
  expect((await client.fetch(`/api/connections/${id}`, { method: 'DELETE' })).status).toBe(204)
  await waitForModels(client, id, { areOffered: false, milliseconds: CHANGE_MS })
  const made = await client.waitForGeneration(submitted.id, isFinished)
  expect([made.status, made.outputs[0]?.state, fake.posts()]).toEqual(['completed', 'stored', 1])
  await waitFor('The end of its key', CHANGE_MS, async () => {
    const [row] = await sql<{ isErased: boolean }[]>`
        select key_sealed is null as "isErased" from connections where id = ${id}`
    return row?.isErased
  })
  expect((await listConnections(client)).map(connection => connection.id)).not.toContain(id)
})

test('a processor with another encryption key takes no job of a connection whose key it cannot read, and withdraws nothing', async () => {
  await using fake = await startFakeOpenAi()
  const { id } = await addConnection(stack.client, { kind: 'openai', baseUrl: fake.url, key: fake.key })
  const offered = await waitForModels(stack.client, id)
  await withAnotherProcessor(stack, { ...NONE, ENCRYPTION_KEY: '8'.repeat(64) }, async () => {
    // Such a processor would withdraw what nobody seems to serve, once it is no longer new.
    await stack.sql`update connections set created_at = now() - interval '1 hour' where id = ${id}`
    const watch = watchModels(offered)
    for (let made = 0; made < 4; made++) await expectMade(id, fake)
    expect(await watch.stop()).toEqual([])
  })
  await stack.client.fetch(`/api/connections/${id}`, { method: 'DELETE' })
})

test('the models of a key that is no longer in the environment are gone soon after a restart, and are there again with it', async () => {
  await stack.removeProcessor(second)
  await stack.processor.restart(NONE)
  await waitForModels(stack.client, OPENAI, { areOffered: false, milliseconds: CHANGE_MS })
  const { key } = await waitForConnection(stack.client, OPENAI, ({ state }) => state.kind === 'not-served')
  expect(key).toBe('missing')
  expect(await listModelIds(stack.client)).toContain('fake-image')
  await stack.processor.restart()
  await waitForModels(stack.client, OPENAI)
  await expectMade(OPENAI, openai)
  expect(await checkInvariants(stack)).toEqual([])
})

/** Reads the offered models again and again. @returns `stop`, which resolves to those that were not offered once */
function watchModels(expected: readonly string[]): { stop(): Promise<string[]> } {
  const stopping = new AbortController()
  const missing = new Set<string>()
  const read = async () => {
    while (!stopping.signal.aborted) {
      const offered = await listModelIds(stack.client)
      for (const id of expected) if (!offered.includes(id)) missing.add(id)
      await sleep(50, stopping.signal)
    }
  }
  const reading = read()
  return {
    stop: async () => {
      stopping.abort()
      await reading
      return [...missing]
    },
  }
}

async function expectBothServe(): Promise<void> {
  await Promise.all([expectMade(OPENAI, openai), expectMade(SERVER, server)])
}

/** Makes an image by a connection, and checks that its provider received one submission. */
async function expectMade(connection: string, fake: FakeOpenAi | FakeOpenAiCompatible): Promise<void> {
  const { client } = stack
  const [model = ''] = await listModelIds(client, connection)
  const before = fake.posts()
  const { id } = await client.submit({ prompt: connection, model, parameters: { numOutputs: 1 } })
  const made = await client.waitForGeneration(id, isFinished)
  expect([made.status, made.error, fake.posts() - before]).toEqual(['completed', null, 1])
}
