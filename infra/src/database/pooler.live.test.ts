import { afterAll, beforeAll, expect, test } from 'bun:test'
import { generationSubject } from '@darkroom/contracts/subjects'
import { type Pooler, startPooler } from '../../testing/studio/pooler.ts'
import { createTestDatabase, createTestDirectory } from '../../testing/test-resources.ts'
import { waitFor, waitForSuccess } from '../../testing/wait-for.ts'
import type { PublishAck } from '../bus/bus.ts'
import { WORKSPACE } from '../generations/generation.fixture.ts'
import { createLog } from '../log.ts'
import { followActivity } from './activity.ts'
import { type Database, isPooled, openDatabase } from './connection.ts'
import { migrate } from './migrations.ts'
import { enqueueMessage, runRelay } from './outbox.ts'
import { checkPoolerCapacity } from './pooler-capacity.ts'
import { transaction } from './transaction.ts'

/** A database behind PgBouncer in transaction mode: each transaction may run on another connection of few. */

const CONNECTIONS = 3
const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
let pooler: Pooler
let url: string
let direct: Database

beforeAll(async () => {
  url = stack.use(await createTestDatabase()).url
  const folder = stack.use(await createTestDirectory()).path
  pooler = stack.use(await startPooler(folder, url, { mode: 'transaction', connections: CONNECTIONS }))
  direct = openDatabase({ url, name: 'direct', connections: 2, log })
  stack.defer(() => direct.end({ timeout: 1 }))
  await direct`create table notes (pool int, note int)`
})
afterAll(() => stack.disposeAsync())

test('recognizes a pooler, and a connection without one', async () => {
  await using pool = openPool()
  expect([await readPooled(pool.sql), await readPooled(direct)]).toEqual([true, false])
})

// Without the hunks of `scope` and `pooled` of the patch: transactions that resolved have written nothing, statements fail with 26000,
// get the answers of others, or wait for ever.
test('every transaction that resolves is committed, and every statement gets its own answer', async () => {
  await using pools = new AsyncDisposableStack()
  const all = Array.from({ length: 4 }, () => pools.use(openPool()).sql)
  const work = all.flatMap((sql, pool) =>
    Array.from({ length: 50 }, async (_, note) => {
      await transaction(sql, async tx => {
        await tx`select ${note}::int as note`
        await tx`insert into notes values (${pool}, ${note})`
      })
      const [row] = await sql<{ twice: number }[]>`select ${note * 2}::int as twice`
      const [other] = await sql<{ text: string }[]>`select ${`note ${note}`}::text as text`
      return row?.twice === note * 2 && other?.text === `note ${note}`
    }),
  )
  expect((await Promise.all(work)).filter(isOwn => !isOwn)).toEqual([])
  expect(await direct`select distinct pool, note from notes`).toHaveLength(200)
})

test('the limits hold in a transaction, and no other client of the pooler gets them', async () => {
  await using pool = openPool({ statementMs: 300 })
  const slow = transaction(pool.sql, tx => tx`select pg_sleep(60)`)
  expect(await slow.catch(error => error)).toMatchObject({ code: '57014' })
  await using other = openPool()
  const limits = await transaction(
    other.sql,
    tx =>
      tx`select current_setting('lock_timeout') as lock, current_setting('idle_in_transaction_session_timeout') as idle`,
  )
  expect({ ...limits[0] }).toEqual({ lock: '5s', idle: '15s' })
  const sessions = await Promise.all(
    Array.from(
      { length: 9 },
      () => other.sql<{ limit: string }[]>`select current_setting('statement_timeout') as limit`,
    ),
  )
  expect(new Set(sessions.map(([row]) => row?.limit))).toEqual(new Set(['0']))
})

test('a statement outside a transaction that takes too long is cancelled by the client', async () => {
  await using pool = openPool({ statementMs: 300 })
  const slow = pool.sql`select pg_sleep(60) as too_long`
  expect(await slow.catch(error => error)).toMatchObject({ code: 'QUERY_TIMEOUT' })
  const isCancelled = async () => {
    const rows = await direct`select from pg_stat_activity where state = 'active' and query like '%as too_long'`
    return rows.length === 0
  }
  await waitFor('The end of the statement', 60_000, isCancelled)
  // The limit is short enough to strike here as well, on a busy machine.
  await waitForSuccess('An answer of the pool', async () => expect(await pool.sql`select 1`).toHaveLength(1))
})

test('the relay publishes without a subscription', async () => {
  await using pool = openPool()
  const published = Promise.withResolvers<void>()
  const stopping = new AbortController()
  const publish = async (): Promise<PublishAck> => {
    published.resolve()
    return { stream: 'EVENTS', sequence: 1, duplicate: false }
  }
  await readPooled(pool.sql)
  const common = { database: pool.sql, log, signal: stopping.signal }
  const activity = followActivity({ url: pooler.urlThrough(url), name: 'pooled-activity', ...common })
  const streams = { ensureStreams: async () => {}, checkStreams: async () => {}, onConnect: () => () => {} }
  const running = runRelay({ bus: { ...streams, publish }, activity, ...common })
  const message = { v: 1, type: 'generation.changed', id: Bun.randomUUIDv7() } as const
  await transaction(pool.sql, tx => enqueueMessage(tx, generationSubject(WORKSPACE), message, WORKSPACE))
  await published.promise
  expect(activity.isQuiet()).toBe(false)
  stopping.abort()
  await Promise.all([running, activity.closed])
  expect(await direct`select from pg_stat_activity where query like 'listen%'`).toHaveLength(0)
})

test('notifications arrive over the host of the database itself', async () => {
  await using pool = openPool()
  const stopping = new AbortController()
  const listenHost = new URL(url).host
  const common = { database: pool.sql, log, signal: stopping.signal }
  const activity = followActivity({
    url: pooler.urlThrough(url),
    listenHost,
    name: 'direct',
    quietAfterMs: 0,
    ...common,
  })
  let notified = 0
  activity.subscribe(() => notified++)
  await waitFor('The subscription', 60_000, async () => activity.isQuiet())
  const before = notified
  await transaction(pool.sql, tx => tx`select pg_notify('outbox', '')`)
  await waitFor('The notification', 60_000, async () => notified > before)
  expect(await direct`select from pg_stat_activity where query like 'listen%'`).toHaveLength(1)
  stopping.abort()
  await activity.closed
})

test.each([
  ['session', 3, ['pooler_has_too_few_connections']],
  ['session', CONNECTIONS - 1, []],
  ['transaction', 12, []],
] as const)(
  'in %s mode, 2 connections of a pooler for %i of a pool: reports %p',
  async (mode, connections, expected) => {
    await using own = new AsyncDisposableStack()
    const folder = own.use(await createTestDirectory()).path
    const other = own.use(await startPooler(folder, url, { mode, connections: CONNECTIONS - 1 }))
    expect(await readReports(other.urlThrough(url), connections)).toEqual([...expected])
  },
)

test('concurrent runs of the migrations take turns, and leave no lock', async () => {
  const name = `pooled_${crypto.randomUUID().replaceAll('-', '')}`
  await direct`create database ${direct(name)}`
  await using cleanup = new AsyncDisposableStack()
  cleanup.defer(async () => void (await direct`drop database ${direct(name)} with (force)`))
  const pooledUrl = Object.assign(new URL(pooler.urlThrough(url)), { pathname: name }).href
  const runs = await Promise.all([migrate({ url: pooledUrl }), migrate({ url: pooledUrl })])
  expect(runs.filter(({ applied }) => applied.length > 0)).toHaveLength(1)
  expect(await direct`select from pg_locks where locktype = 'advisory'`).toHaveLength(0)
})

/** Checks the capacity of a pooler for a pool. @returns the names of the warnings */
async function readReports(pooledUrl: string, connections: number): Promise<string[]> {
  const reports: string[] = []
  const warn = (_: unknown, name: string) => void reports.push(name)
  const sql = openDatabase({ url: pooledUrl, name: 'capacity', connections, log })
  await readPooled(sql)
  await checkPoolerCapacity(sql, {
    connections,
    log: Object.assign(createLog({ service: 'test', level: 'silent' }), { warn }),
  })
  await sql.end({ timeout: 0 })
  return reports
}

function openPool({ statementMs }: { statementMs?: number } = {}) {
  const limit = statementMs === undefined ? {} : { statementMs }
  const sql = openDatabase({ url: pooler.urlThrough(url), name: 'pooled', connections: 4, log, ...limit })
  return { sql, [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }) }
}

async function readPooled(database: Database): Promise<boolean> {
  await database`select 1`
  return isPooled(database)
}
