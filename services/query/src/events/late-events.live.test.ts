import { afterAll, beforeAll, expect, test } from 'bun:test'
import { STREAMS } from '@darkroom/contracts/subjects'
import { publishModelsChange } from '@darkroom/infra/connections/connection-changes'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import { purgeLocked } from '@darkroom/infra/generations/purge'
import { createLog } from '@darkroom/infra/log'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import * as fc from 'fast-check'
import { insertRow } from '../rows.fixture.ts'
import { createLateBus, type LateClient, startLateEvents } from './late-bus.fixture.ts'
import { readBusPosition } from './stream-position.ts'

/** Events that are sent before the bus delivers them: the database is a real one, the bus delivers when a test says so. */

const [MINE, OTHER] = [crypto.randomUUID(), crypto.randomUUID()]
const ALL = 1_000
const stack = new AsyncDisposableStack()
let sql: Database

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  sql = openDatabase({ url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  stack.defer(() => sql.end({ timeout: 1 }))
})
afterAll(() => stack.disposeAsync())

test('sends what the bus is late with at once, without an id, and the id alone when the bus delivers it', async () => {
  await using env = await startEnv()
  const [mine, other] = [await insertRow(sql, MINE), await insertRow(sql, OTHER)]
  const [client, admin, others] = [await env.connect(MINE), await env.connect(MINE, ADMIN), await env.connect(OTHER)]
  const greeting = client.position()
  await change(mine, MINE)
  await change(other, OTHER)
  await transaction(sql, tx => publishModelsChange(tx, 'openai'))
  await env.readTail()
  for (const open of [client, admin, others]) await open.until('both events', () => open.names().length === 2)
  expect([client, admin, others].map(open => open.names().toSorted())).toEqual(Array(3).fill(['generation', 'models']))
  expect([client.version(mine), client.version(other), others.version(other)]).toEqual([2, 0, 2])
  // Read once: neither again by the tail, nor again from the bus.
  await env.readTail()
  expect(client.position()).toBe(greeting)
  await env.late.deliver(ALL)
  await client.until('the position', () => client.position() !== greeting)
  await change(mine, MINE)
  await env.late.deliver(ALL)
  for (const open of [client, admin]) await open.until('the next event', () => open.version(mine) === 3)
  for (const open of [client, admin]) expect(open.names().slice(2)).toEqual(['position+id', 'generation+id'])
  for (const open of [client, admin, others]) expect(open.violations()).toEqual([])
})

test('a purged generation, and one that changes again before the bus delivers the first change', async () => {
  await using env = await startEnv()
  const [purged, changed] = [await insertRow(sql, MINE), await insertRow(sql, MINE)]
  const client = await env.connect(MINE)
  await transaction(sql, tx => purgeLocked(tx, [{ id: purged, workspaceId: MINE }]))
  await change(changed, MINE)
  await env.readTail()
  await client.until('both events', () => client.names().length === 2)
  expect(client.names().toSorted()).toEqual(['generation', 'removed'])
  await change(changed, MINE)
  await env.late.deliver(2)
  await client.until('the new version', () => client.version(changed) === 3)
  await env.late.deliver(ALL)
  await client.until('the last position', () => client.names().length === 5)
  expect(client.names().slice(2)).toEqual(['position+id', 'generation+id', 'position+id'])
  expect(client.violations()).toEqual([])
})

test('a client that comes between has it from the list, or is sent it; another process replays it', async () => {
  await using env = await startEnv()
  const [before, after] = [await insertRow(sql, MINE), await insertRow(sql, MINE)]
  const first = await env.connect(MINE)
  await change(before, MINE)
  await env.late.deliver(ALL)
  await first.until('an event', () => first.version(before) === 2)
  const lastEventId = first.position() ?? ''
  await change(after, MINE)
  await env.readTail()
  await first.until('the late event', () => first.version(after) === 2)
  first.close()
  const [back, fresh] = [await env.connect(MINE, { lastEventId }), await env.connect(MINE)]
  await back.until('the late event', () => back.version(after) === 2)
  expect([back.names(), fresh.names()]).toEqual([['generation'], []])
  await env.late.deliver(ALL)
  await fresh.until('the event', () => fresh.version(after) === 2)
  await back.until('the position', () => back.names().length === 2)
  expect([back.names()[1], fresh.names()]).toEqual(['position+id', ['generation+id']])
  await using elsewhere = startLateEvents(env)
  const moved = await elsewhere.connect(MINE, { lastEventId })
  await moved.until('the replay', () => moved.version(after) === 2)
  expect(moved.names()).toEqual(['generation+id'])
  for (const open of [back, fresh, moved]) expect(open.violations()).toEqual([])
})

test('a process that never reached the bus sends events all the same, after a resync', async () => {
  await sql`delete from outbox`
  const late = createLateBus(sql)
  late.setState('down')
  await using env = startLateEvents({ sql, late }, { unreachableMs: 20 })
  const id = await insertRow(sql, MINE)
  const [back, fresh] = [await env.connect(MINE, { lastEventId: '1.7' }), await env.connect(MINE)]
  await back.until('the resync', () => back.names().length === 1)
  await change(id, MINE)
  await env.readTail()
  for (const client of [back, fresh]) await client.until('the event', () => client.version(id) === 2)
  expect([back.names(), fresh.names()]).toEqual([['resync', 'generation'], ['generation']])
  expect(back.position()).toBe('1.7')
})

test('a stream that ends before what was published has a new epoch; on a cluster its server is behind', async () => {
  await sql`insert into bus_epoch (stream, epoch, highest_sequence) values (${STREAMS.events.name}, 2, 5)`
  const read = (last: number, isReplicated: boolean) =>
    readBusPosition({ bus: { eventBounds: async () => ({ first: 1, last, isReplicated }) }, database: sql })
  for (const isReplicated of [false, true])
    expect(await read(5, isReplicated)).toEqual({ epoch: 2, sequence: 5, first: 1 })
  expect(await read(3, false)).toEqual({ epoch: 3, sequence: 3, first: 1 })
  await expect(read(3, true)).rejects.toThrow('behind the cluster')
  await sql`delete from bus_epoch`
})

test('any order of changes, reads of the outbox, deliveries and reconnections leaves every client current', async () => {
  await using env = await startEnv()
  const ids = await Promise.all([MINE, MINE, MINE, OTHER].map(workspace => insertRow(sql, workspace)))
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { maxLength: 16 }), steps => runSteps(env, ids, steps)),
    { numRuns: 40 },
  )
})

/** A page: its connections, one after the other, and the generations that have changed since it was opened. */
interface Page {
  workspaceId: string
  connections: LateClient[]
  changed: Set<string>
}

async function runSteps(env: Env, ids: readonly string[], steps: readonly Step[]): Promise<void> {
  const pages: Page[] = []
  const workspaceOf = (at: number) => (at === 3 ? OTHER : MINE)
  const changeAt = async (at: number) => {
    const id = ids[at] ?? ''
    for (const page of pages) if (page.workspaceId === workspaceOf(at)) page.changed.add(id)
    await change(id, workspaceOf(at))
  }
  const connect = async (workspaceId: string) => {
    pages.push({ workspaceId, connections: [await env.connect(workspaceId)], changed: new Set() })
  }
  const actions: Record<Step['kind'], (at: number) => Promise<unknown>> = {
    change: changeAt,
    read: () => env.readTail(),
    deliver: at => env.late.deliver(at + 1),
    connect: at => connect(workspaceOf(at)),
    reconnect: async at => {
      const page = pages[at % pages.length]
      const last = page?.connections.at(-1)
      last?.close()
      page?.connections.push(await env.connect(page.workspaceId, { lastEventId: last?.position() ?? '' }))
    },
  }
  await connect(MINE)
  await connect(OTHER)
  let running: Promise<unknown> = Promise.resolve()
  for (const { kind, at, isAwaited } of steps) {
    if (kind === 'connect' || kind === 'reconnect') await running
    running = Promise.all([running, actions[kind](at)])
    if (isAwaited || kind === 'connect' || kind === 'reconnect') await running
  }
  await running
  await changeAt(0)
  await changeAt(3)
  await env.late.deliver(ALL)
  const rows = await sql<{ id: string; version: number }[]>`
    select id, version from generations where id = any(${[...ids]}::uuid[])`
  for (const { connections, changed } of pages) {
    for (const { id, version } of rows) {
      if (!changed.has(id)) continue
      await connections
        .at(-1)
        ?.until(`Version ${version}`, () => connections.some(connection => connection.version(id) === version))
    }
    for (const connection of connections) expect(connection.violations()).toEqual([])
    connections.at(-1)?.close()
  }
}

type Env = Awaited<ReturnType<typeof startEnv>>

interface Step {
  kind: 'change' | 'read' | 'deliver' | 'connect' | 'reconnect'
  at: number
  isAwaited: boolean
}

const ADMIN = { isAdmin: true }
const STEP: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('change', 'change', 'change', 'read', 'read', 'deliver', 'deliver', 'connect', 'reconnect'),
  at: fc.nat(3),
  isAwaited: fc.boolean(),
})

/** Starts live events of a bus with nothing in it. */
async function startEnv() {
  await sql`delete from outbox`
  const late = createLateBus(sql)
  const env = startLateEvents({ sql, late })
  const first = await env.connect(MINE)
  await first.until('the position', () => first.position() !== undefined)
  first.close()
  return { ...env, sql, late }
}

async function change(id: string, workspaceId: string): Promise<void> {
  await bumpVersion(sql, { id, workspaceId })
}
