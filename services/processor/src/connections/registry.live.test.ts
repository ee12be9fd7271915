import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import type { ModelSpec } from '@darkroom/contracts/model'
import { sealKey } from '@darkroom/infra/connections/secret-box'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { createLog } from '@darkroom/infra/log'
import { sleep } from '@darkroom/infra/runtime/timers'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { FAKE_MODELS } from '../../testing/fake-models.ts'
import { type Adapter, ProviderError } from '../providers/adapter.ts'
import type { Upscaler } from '../providers/local/upscaler.ts'
import { insertQueuedGeneration } from '../queue/queued.fixture.ts'
import { removeUnservedModels } from './connection-rows.ts'
import { toStateChange } from './connection-state.ts'
import { claimCheck, recordCheck } from './connection-state-rows.ts'
import type { AdapterSettings } from './create-adapter.ts'
import type { EnvironmentConnection } from './environment.ts'
import { openConnectionRegistry } from './registry.ts'

const WAIT_MS = 60_000
const log = createLog({ service: 'test', level: 'silent' })
const encryptionKey = new Uint8Array(32).fill(7)
const stack = new AsyncDisposableStack()
let sql: Database

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  sql = openDatabase({ url, name: 'test', log })
  stack.defer(() => sql.end({ timeout: 1 }))
})
afterAll(() => stack.disposeAsync())
beforeEach(async () => {
  await sql`truncate connections, processors, models, outbox, provider_lanes, workflows`
})

test('serves the environment; another key is another connection, and the first one comes back with its key', async () => {
  const [first, second] = [environment('key-one'), environment('key-two')]
  {
    await using registry = await openRegistry({ environment: [first] })
    expect(registry.ids()).toEqual(['openai'])
    await eventually(readModelIds, ['openai/m'])
    expect(registry.keys.get('openai')).toBe('key-one')
  }
  {
    await using registry = await openRegistry({ environment: [second] })
    expect(registry.ids()).toEqual(['openai-2'])
    await forgetProcessors()
    await eventually(readModelIds, ['openai-2/m'])
    expect(await readState('openai')).toBe('not-served')
  }
  await using registry = await openRegistry({ environment: [first] })
  expect(registry.ids()).toEqual(['openai'])
  await eventually(() => readState('openai'), 'ok')
})

test('leaves the models of processors with another environment alone while these live', async () => {
  await using one = await openRegistry({ environment: [environment('key-one')] })
  await using two = await openRegistry({ environment: [environment('key-two')] })
  await eventually(readModelIds, ['openai-2/m', 'openai/m'])
  await sleep(300, new AbortController().signal)
  expect(await readModelIds()).toEqual(['openai-2/m', 'openai/m'])
  expect([one.ids(), two.ids()]).toEqual([['openai'], ['openai-2']])
})

test('a processor that seemed to be gone for a while lists its models again', async () => {
  await using _ = await openRegistry({ environment: [environment('key-one')] })
  await eventually(readModelIds, ['openai/m'])
  // It may be seen again between the two.
  await eventually(async () => {
    await forgetProcessors()
    await removeUnservedModels(sql, [])
    return await readModelIds()
  }, [])
  await eventually(readModelIds, ['openai/m'])
  await eventually(() => readState('openai'), 'ok')
})

test('a stored connection is offered while one processor can read its key, and not after the last of these is gone', async () => {
  await store('mine', 'stored-one')
  await sql`update connections set created_at = now() - interval '1 hour'`
  await using other = await openRegistry({ encryptionKey: new Uint8Array(32).fill(8) })
  {
    await using _ = await openRegistry({})
    await eventually(readModelIds, ['mine/m'])
    // Renewed at once, although it had no connection before.
    await store('late', 'stored-two')
    await sql`update connections set created_at = now() - interval '1 hour'`
    await eventually(readModelIds, ['late/m', 'mine/m'])
  }
  // A replacement has time to start.
  await sleep(200, new AbortController().signal)
  expect(await readModelIds()).toEqual(['late/m', 'mine/m'])
  await forgetProcessors()
  await eventually(readModelIds, [])
  expect([other.ids(), await readState('mine')]).toEqual([[], 'not-served'])
  await using _ = await openRegistry({})
  await eventually(readModelIds, ['late/m', 'mine/m'])
  await eventually(() => readState('mine'), 'ok')
})

test('serves stored connections: added, given another key, removed, without a restart', async () => {
  await using registry = await openRegistry({})
  await store('mine', 'stored-one')
  await eventually(readModelIds, ['mine/m'])
  expect(registry.keys.get('mine')).toBe('stored-one')
  const sealed = sealKey(encryptionKey, 'mine', 'stored-two')
  await sql`update connections set key_sealed = ${sealed}, revision = revision + 1, slots = 5 where id = 'mine'`
  await eventually(() => registry.keys.get('mine'), 'stored-two')
  expect(registry.registry.list().map(({ slots }) => slots)).toEqual([5])
  expect(registry.registry.findModel('mine/m')?.connection).toBe('mine')
  await sql`update connections set removed_at = now(), key_sealed = null where id = 'mine'`
  await eventually(readModelIds, [])
  await eventually(registry.ids, [])
})

test('knows the models that another processor has listed since', async () => {
  await store('mine', 'secret')
  await using registry = await openRegistry({})
  await eventually(readModelIds, ['mine/m'])
  await sql`
    insert into models (id, provider, position, capability)
    select 'mine/new', provider, 1, jsonb_set(capability, '{id}', '"mine/new"') from models where id = 'mine/m'`
  await sql`update connections set models_at = clock_timestamp() where id = 'mine'`
  await eventually(async () => registry.registry.findModel('mine/new')?.id, 'mine/new')
})

test('serves this machine once it is switched on, by the upscaler of the process', async () => {
  const checks: string[] = []
  const upscaler: Upscaler = {
    prepare: async () => void checks.push('prepared'),
    upscale: async () => new Uint8Array(checks.push('upscaled')),
    isBusy: () => false,
    listPids: () => [],
    close: async () => {},
  }
  await using _ = await openRegistry({ upscaler })
  await sql`
    insert into connections (id, kind, name, source, check_requested_at)
    values ('local', 'local', 'This machine', 'stored', now())`
  await eventually(readModelIds, ['local/upscale-2x', 'local/upscale-4x'])
  await eventually(() => readState('local'), 'ok')
  expect(checks.slice(0, 2)).toEqual(['prepared', 'upscaled'])
})

test('serves a removed connection until its calls under way have ended, and then erases its key', async () => {
  await store('mine', 'secret')
  await using registry = await openRegistry({})
  const generation = await insertQueuedGeneration(sql, { workspaceId: crypto.randomUUID(), provider: 'mine' })
  await sql`update generations set status = 'processing' where id = ${generation}`
  await sql`
    insert into provider_calls (generation_id, call, first_index, count, request_id, submitted_at)
    values (${generation}, 0, 0, 1, 'handle', clock_timestamp())`
  await eventually(readModelIds, ['mine/m'])
  await sql`update connections set removed_at = now(), revision = revision + 1 where id = 'mine'`
  await eventually(readModelIds, [])
  expect(registry.ids()).toEqual(['mine'])
  await sql`update provider_calls set finished_at = now() where generation_id = ${generation}`
  await eventually(registry.ids, [])
  await eventually(async () => (await sql`select from connections where key_sealed is not null`).length, 0)
  expect(await readModelIds()).toEqual([])
})

test('does not serve a connection whose key was sealed for another one, or by another encryption key', async () => {
  await store('mine', 'secret')
  await sql`update connections set id = 'theirs' where id = 'mine'`
  await sql`
    insert into connections (id, kind, name, source, key_sealed)
    values ('foreign', 'openai', 'x', 'stored', ${sealKey(new Uint8Array(32).fill(8), 'foreign', 'secret')})`
  await using registry = await openRegistry({})
  expect(registry.ids()).toEqual([])
})

test('checks drafts without serving them, and lists the models before it publishes that a connection works', async () => {
  await using registry = await openRegistry({})
  await store('draft', 'secret', { draft: true })
  await eventually(async () => (await readRow('draft')).checkResult, 'It works.')
  expect([registry.ids(), await readModelIds()]).toEqual([[], []])
  await sql`update connections set draft = false, revision = revision + 1 where id = 'draft'`
  await eventually(readModelIds, ['draft/m'])
  registry.fail('draft', new ProviderError('key_refused'))
  await sql`update connections set check_requested_at = clock_timestamp() where id = 'draft'`
  await eventually(() => readState('draft'), 'wrong-key')
  const { checkResult, isDue } = await readRow('draft')
  expect([checkResult, isDue]).toEqual([new ProviderError('key_refused').message, false])
})

test('a check that works ends a pause that its provider had named: its key may be another one', async () => {
  await sql`insert into provider_lanes (provider, failures, paused_until) values ('mine', 3, now() + interval '1 day')`
  await using _ = await openRegistry({})
  await store('mine', 'secret')
  await eventually(async () => (await readRow('mine')).checkResult, 'It works.')
  expect(await sql`select failures, paused_until as until from provider_lanes`).toMatchObject([
    { failures: 0, until: null },
  ])
})

test('a check says nothing of a connection that was changed meanwhile', async () => {
  await store('mine', 'old')
  const requestedAt = (await claimCheck(sql, 'mine')) ?? ''
  await sql`update connections set revision = revision + 1, base_url = 'http://127.0.0.1:9' where id = 'mine'`
  const state = toStateChange(new ProviderError('key_refused'))
  const check = { requestedAt, revision: 1, state, result: 'Refused.', dialect: { server: 'litellm' } } as const
  await transaction(sql, tx => recordCheck(tx, 'mine', check))
  expect(await readRow('mine')).toEqual({ checkResult: null, isDue: true })
  expect(await sql`select found_dialect as found, state from connections`).toMatchObject([
    { found: null, state: { kind: 'ok' } },
  ])
  expect(await claimCheck(sql, 'mine')).toBe(requestedAt)
})

test('a provider that cannot be reached at the start keeps its last models, and no other from starting', async () => {
  await store('good', 'secret')
  await store('bad', 'secret')
  {
    await using _ = await openRegistry({})
    await eventually(readModelIds, ['bad/m', 'good/m'])
  }
  await using registry = await openRegistry({ failing: ['bad'] })
  expect(registry.registry.findModel('bad/m')?.id).toBe('bad/m')
  await eventually(() => readState('bad'), 'unreachable')
  expect(await readModelIds()).toEqual(['bad/m', 'good/m'])
  expect(await readState('good')).toBe('ok')
})

function environment(key: string): EnvironmentConnection {
  return { kind: 'openai', variable: 'OPENAI_API_KEY', baseUrl: 'http://127.0.0.1:9/v1', key }
}

async function store(id: string, key: string, { draft = false } = {}): Promise<void> {
  await sql`
    insert into connections (id, kind, name, source, draft, key_sealed, check_requested_at)
    values (${id}, 'openai', ${id}, 'stored', ${draft}, ${sealKey(encryptionKey, id, key)}, clock_timestamp())`
}

async function openRegistry(options: {
  environment?: EnvironmentConnection[]
  encryptionKey?: Uint8Array
  failing?: string[]
  upscaler?: Upscaler
}) {
  const stopping = new AbortController()
  const failures = new Map<string, ProviderError>()
  for (const id of options.failing ?? []) failures.set(id, new ProviderError('provider_unreachable'))
  const keys = new Map<string, string | null>()
  const create = (settings: AdapterSettings) => {
    keys.set(settings.id, settings.key)
    return createStub(settings, failures)
  }
  const wait = (ms: number, signal: AbortSignal) => sleep(ms, signal)
  const registry = await openConnectionRegistry({
    database: sql,
    log,
    activity: { wait },
    builtIn: [],
    environment: options.environment ?? [],
    encryptionKey: options.encryptionKey ?? encryptionKey,
    dataDir: '/nonexistent',
    slots: 2,
    signal: stopping.signal,
    // This machine needs no provider.
    ...(options.upscaler ? { upscaler: options.upscaler } : { create }),
    pollMs: 40,
  })
  const running = registry.run()
  return {
    registry,
    keys,
    ids: () => registry.list().map(({ adapter }) => adapter.connection),
    fail: (id: string, error: ProviderError) => failures.set(id, error),
    [Symbol.asyncDispose]: async () => {
      stopping.abort(new Error('stopping'))
      await running
    },
  }
}

/** Creates an adapter with one model that fails on demand. */
function createStub({ id }: AdapterSettings, failures: ReadonlyMap<string, ProviderError>): Adapter {
  const [spec] = FAKE_MODELS
  if (!spec) throw new Error('the fake has no model')
  const model: ModelSpec = { ...spec, id: `${id}/m`, connection: id }
  const unused = async () => {
    throw new ProviderError('provider_misbehaved')
  }
  return {
    connection: id,
    kind: 'openai',
    submitting: { kind: 'remote', submit: unused, readAnswer: unused },
    check: unused,
    cancel: unused,
    checkConnection: async () => {
      const error = failures.get(id)
      return error ? { ok: false, error } : { ok: true, note: 'It works.' }
    },
    models: async () => {
      const error = failures.get(id)
      if (error) throw error
      return [model]
    },
  }
}

/** Waits until a value is as expected. @throws DeadlineError with the expectation */
async function eventually<T>(read: () => T | Promise<T>, expected: T): Promise<void> {
  await waitFor(JSON.stringify(expected), WAIT_MS, async () => Bun.deepEquals(await read(), expected))
}

/** Lets every processor count as gone. */
async function forgetProcessors(): Promise<void> {
  await sql`update processors set seen_at = now() - interval '1 hour' where not connections = '{openai-2}'`
}

async function readModelIds(): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`select id from models order by id`
  return rows.map(({ id }) => id)
}

async function readState(id: string): Promise<string | undefined> {
  const [row] = await sql<{ kind: string }[]>`select state ->> 'kind' as kind from connections where id = ${id}`
  return row?.kind
}

async function readRow(id: string): Promise<{ checkResult: string | null; isDue: boolean }> {
  const [row] = await sql<{ checkResult: string | null; isDue: boolean }[]>`
    select check_result as "checkResult", check_requested_at is not null as "isDue" from connections where id = ${id}`
  if (!row) throw new Error(`there is no connection ${id}`)
  return row
}
