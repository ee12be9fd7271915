import { beforeAll, expect, test } from 'bun:test'
import { waitUntil } from '../../local/process/wait-until.ts'
import { startProxy } from '../../testing/net-proxy.ts'
import { createTestDatabase } from '../../testing/test-resources.ts'
import { waitForSuccess } from '../../testing/wait-for.ts'
import { createLog } from '../log.ts'
import { DeadlineError, withDeadline } from '../runtime/timers.ts'
import {
  closeSilentConnections,
  type Database,
  hasReceivedSince,
  openDatabase,
  type Transaction,
} from './connection.ts'
import { transaction } from './transaction.ts'

/**
 * Shows whether the driver still needs `infra/patches`. A hunk can go once the tests that name its issues pass without it: the
 * patch begins with the list.
 */

const log = createLog({ service: 'test', level: 'silent' })
const forever = new AbortController().signal
// The first start of Postgres takes longer than a test may.
const open = (url: string, name: string, connections: number) => openDatabase({ url, name, connections, log })

beforeAll(async () => {
  await using _ = await createTestDatabase()
})

test('plans each statement for its values, or once for any, where that is wished', async () => {
  await using database = await createTestDatabase()
  await using stack = new AsyncDisposableStack()
  const readMode = async (plans?: 'custom' | 'generic') => {
    const sql = openDatabase({ url: database.url, name: 'test', connections: 1, ...(plans && { plans }), log })
    stack.defer(() => sql.end({ timeout: 1 }))
    const [row] = await sql`select current_setting('plan_cache_mode') as mode, current_setting('lock_timeout') as limit`
    return { ...row }
  }
  expect(await readMode('custom')).toEqual({ mode: 'force_custom_plan', limit: '5s' })
  expect(await readMode('generic')).toEqual({ mode: 'force_generic_plan', limit: '5s' })
  expect(await readMode()).toEqual({ mode: 'auto', limit: '5s' })
})

test('a statement uses the connection that was used last, so that the others are closed in time', async () => {
  await using database = await createTestDatabase()
  const sql = open(database.url, 'test', 5)
  await using stack = new AsyncDisposableStack()
  stack.defer(() => sql.end({ timeout: 1 }))
  const readPid = async () => (await sql<{ pid: number }[]>`select pg_backend_pid() as pid, pg_sleep(0.05)`)[0]?.pid
  expect(new Set(await Promise.all(Array.from({ length: 5 }, readPid))).size).toBe(5)
  const pids = new Set<number | undefined>()
  for (let statement = 0; statement < 10; statement++) pids.add(await readPid())
  expect(pids.size).toBe(1)
  expect(new Set(await Promise.all(Array.from({ length: 5 }, readPid))).size).toBe(5)
})

// porsager/postgres#1154 (also #1066, #1208): without the guard of `nextWrite` a write to the closed socket ends this process.
// porsager/postgres#1216: without the hunks of `begin` the second statement is written by the new connection.
test('a connection that breaks in the middle of a transaction fails it, and no later statement of it is run', async () => {
  await using database = await connect()
  const { sql } = database
  const writing = Promise.withResolvers<unknown>()
  const failed = transaction(sql, async tx => {
    await tx`insert into notes values ('first')`
    await database.terminate()
    // Now the pool has a new connection, which does not belong to this transaction.
    await waitForSuccess('A new connection', () => sql`select 1`)
    const second = tx`insert into notes values ('second')`
    second.then(writing.resolve, writing.resolve)
    await second
  })
  expect(await failed.catch(error => error)).toMatchObject({ code: 'CONNECTION_CLOSED' })
  expect(await writing.promise).toMatchObject({ code: 'CONNECTION_CLOSED' })
  expect(await sql`select note from notes`).toHaveLength(0)
})

// porsager/postgres#1154, as above: the driver's own ROLLBACK is the write to the closed socket.
// porsager/postgres#1223: without the reset in `closed` the next statement fails with the error of the old connection.
test('a connection that breaks in the middle of a statement fails the transaction and nothing else', async () => {
  await using database = await connect()
  const { sql } = database
  const terminated = Promise.withResolvers<void>()
  const failed = transaction(sql, async tx => {
    const slow = tx`select pg_sleep(60)`
    slow.catch(() => {})
    await database.terminate()
    terminated.resolve()
    await slow
  })
  expect(await failed.catch(error => error)).toBeInstanceOf(Error)
  await terminated.promise
  const [row] = await sql<{ one: number }[]>`select 1 as one`
  expect(row?.one).toBe(1)
})

// porsager/postgres#1181 (also #1119): without the reset in `ReadyForQuery` the next result begins with holes.
test('a statement that fails in the middle of its rows leaves none of them to the next', async () => {
  await using database = await connect()
  const { sql } = database
  expect(await sql`select 1 / (3 - n) from generate_series(1, 5) n`.catch(error => error)).toMatchObject({
    code: '22012',
  })
  const rows = await sql<{ seven: number }[]>`select 7 as seven`
  expect(rows.map(({ seven }) => seven)).toEqual([7])
})

// porsager/postgres#1223: without the reset in `closed` the statement fails with the error of the old connection.
// porsager/postgres#1192 (also #1205): without the `catch` the failed type query is an unhandled rejection.
for (const [event, end, expected] of [
  ['terminated during the type query is run by the next', 'pg_terminate_backend', [{ one: 1 }]],
  ['unable to query its types fails alone', 'pg_cancel_backend', { code: '57014' }],
] as const) {
  test(`a statement whose new connection is ${event}`, async () => {
    await using database = await connect()
    await using stack = new AsyncDisposableStack()
    const late = open(database.url, 'late', 1)
    stack.defer(() => late.end({ timeout: 1 }))
    const answer = Promise.withResolvers<unknown>()
    await database.operator.begin(async tx => {
      await tx`lock table pg_type in access exclusive mode`
      late`select 1 as one`.then(answer.resolve, answer.resolve)
      const isInterrupted = async () => {
        await tx`select pg_stat_clear_snapshot()`
        const rows = await tx`
          select ${tx.unsafe(end)}(pid) from pg_stat_activity where application_name = 'late' and wait_event_type = 'Lock'`
        return rows.length > 0 || undefined
      }
      await waitUntil(isInterrupted, { what: 'The type query', milliseconds: 60_000, signal: forever })
    })
    expect(await answer.promise).toMatchObject(expected)
  })
}

// porsager/postgres#1215 (its discussion): without the rejection in `closed` the driver's ROLLBACK, which it sends between the `error`
// and the `close` of the socket, stays pending, and the connection is never used again.
test('a pool goes on after a connection was reset in the middle of a transaction', async () => {
  await using database = await connect()
  await using proxy = await startProxy(Number(new URL(database.url).port))
  await using stack = new AsyncDisposableStack()
  const sql = open(proxy.urlThrough(database.url), 'proxied', 1)
  stack.defer(() => sql.end({ timeout: 1 }))
  const failed = transaction(sql, async tx => {
    await tx`select 1`
    const slow = tx`select pg_sleep(60)`
    slow.catch(() => {})
    proxy.setFault({ kind: 'reset' })
    await slow
  })
  expect(await failed.catch(error => error)).toBeInstanceOf(Error)
  proxy.setFault({ kind: 'none' })
  for (const number of [1, 2, 3]) {
    const answer = Promise.resolve(sql`select ${number}::int as number`)
    expect(await withDeadline(answer, { milliseconds: 60_000, operation: 'the statement' })).toEqual([
      { number },
    ] as never)
  }
})

// porsager/postgres#1130: without the reset of `query` in `closed` the end of the pool waits for a statement that has failed.
test('a pool can be ended after a connection was reset', async () => {
  await using database = await connect()
  await using proxy = await startProxy(Number(new URL(database.url).port))
  const sql = open(proxy.urlThrough(database.url), 'proxied', 1)
  await sql`select 1`
  const slow = sql`select pg_sleep(60)`.catch(error => error)
  proxy.setFault({ kind: 'reset' })
  expect(await slow).toBeInstanceOf(Error)
  // Once the server has closed the connection, so has the driver.
  await terminate(database.operator, 'proxied')
  await withDeadline(sql.end(), { milliseconds: 60_000, operation: 'the end of the pool' })
})

test('a pool whose connection is reset while it ends has ended', async () => {
  await using database = await connect()
  await using proxy = await startProxy(Number(new URL(database.url).port))
  const sql = open(proxy.urlThrough(database.url), 'proxied', 1)
  await sql`select 1`
  const slow = sql`select pg_sleep(60)`.catch(error => error)
  const ended = sql.end()
  await waitUntilActive(database.operator, 'proxied')
  proxy.setFault({ kind: 'reset' })
  expect(await slow).toBeInstanceOf(Error)
  await withDeadline(ended, { milliseconds: 60_000, operation: 'the end of the pool' })
})

// porsager/postgres#1212: without the check of its answer the transaction resolves, and its note is lost.
test('a commit that the server answers with a rollback fails the transaction', async () => {
  await using database = await connect()
  const { sql } = database
  const failed = transaction(sql, async tx => {
    await tx`insert into notes values ('lost')`
    // Not awaited: it fails after the commit was sent.
    tx`select 1 / 0`.catch(() => {})
  })
  expect(await failed.catch(error => error)).toMatchObject({ code: 'TRANSACTION_ROLLED_BACK' })
  expect(await sql`select note from notes`).toHaveLength(0)
})

// Without the hunk of `retry` the first gets the answer of the third.
test('a statement that has to be prepared again gets its own answer', async () => {
  await using database = await connect()
  const { sql } = database
  const select = (text: string) => sql<{ text: string }[]>`select ${text}::text as text`
  const count = (number: number) => sql<{ number: number }[]>`select ${number}::int as number`
  await Promise.all([select('prepared'), count(0)])
  await deallocate(sql, 'as text')
  const first = select('first').execute()
  const second = count(2).execute()
  const third = second.then(() => count(3))
  const answers = await Promise.all([first, second, third])
  expect(answers.map(rows => ({ ...rows[0] }))).toEqual([{ text: 'first' }, { number: 2 }, { number: 3 }])
})

// Without the hunk of `retry` it is run inside the transaction, and lost with it.
test('a statement that has to be prepared again is not run inside a transaction that began behind it', async () => {
  await using database = await connect()
  const { sql } = database
  const insert = (note: string) => sql`insert into notes values (${note}) returning note`
  await insert('before')
  await deallocate(sql, 'insert into notes')
  const inserted = insert('after').execute()
  const failed = transaction(sql, async tx => {
    await tx`select 1`
    throw new Error('rolled back')
  }).catch(error => error.message)
  expect([(await inserted).length, await failed]).toEqual([1, 'rolled back'])
  expect(await sql`select note from notes`).toHaveLength(2)
})

// Without the hunk of `retry` its JSON is encoded a second time, and is a string.
test('a statement that has to be prepared again sends the same parameters', async () => {
  await using database = await connect()
  const { sql } = database
  const readType = () => sql<{ type: string }[]>`select jsonb_typeof(${sql.json({ a: 1 })}) as type`
  await readType()
  await deallocate(sql, 'jsonb_typeof')
  expect((await readType())[0]?.type).toBe('object')
})

// porsager/postgres#1189 (also #823, #1210): without the hunk of `execute` the transaction has no connection.
test('a transaction that begins behind a full pipeline has a connection of its own', async () => {
  await using database = await connect()
  const { sql } = database
  await sql`select 1`
  const before = Array.from({ length: 100 }, () => sql`select 1`.execute())
  const committed = transaction(sql, async tx => void (await tx`insert into notes values ('inside')`))
  await Promise.all([...before, committed])
  expect(await database.operator`select note from notes`).toHaveLength(1)
})

test('statements to a database that swallows everything fail, also those without a connection, and the pool goes on', async () => {
  await using database = await connect()
  await using proxy = await startProxy(Number(new URL(database.url).port))
  await using stack = new AsyncDisposableStack()
  const sql = openDatabase({
    url: proxy.urlThrough(database.url),
    name: 'proxied',
    connections: 2,
    statementMs: 500,
    log,
  })
  stack.defer(() => sql.end({ timeout: 1 }))
  // A statement has half a second, which two new connections may take on a busy machine.
  await waitForSuccess('A new connection', () => Promise.all([sql`select pg_sleep(0.05)`, sql`select pg_sleep(0.05)`]))
  proxy.setFault({ kind: 'black-hole' })
  const statements = Array.from({ length: 6 }, (_, number) => sql`select ${number}::int`.catch(error => error.code))
  const begun = transaction(sql, tx => tx`select 1`.then(() => 'committed')).catch(error => error.code)
  const answers = withDeadline(Promise.all([...statements, begun]), { milliseconds: 60_000, operation: 'the answers' })
  const codes = new Set(await answers)
  expect([...codes].filter(code => code !== 'QUERY_TIMEOUT' && code !== 'CONNECTION_CLOSED')).toEqual([])
  proxy.setFault({ kind: 'none' })
  await waitForSuccess('A new connection', () => sql`select 1`)
})

test('a transaction with a database that swallows everything ends at its deadline, and commits nothing afterwards', async () => {
  await using database = await connect()
  await using proxy = await startProxy(Number(new URL(database.url).port))
  await using stack = new AsyncDisposableStack()
  const sql = open(proxy.urlThrough(database.url), 'proxied', 1)
  stack.defer(() => sql.end({ timeout: 1 }))
  const work = async (tx: Transaction) => {
    await tx`insert into notes values ('late')`
    proxy.setFault({ kind: 'black-hole' })
    await tx`select 1`
  }
  const failed = await transaction(sql, work, { milliseconds: 300 }).catch(error => error)
  expect(failed).toBeInstanceOf(DeadlineError)
  proxy.setFault({ kind: 'none' })
  await waitForSuccess('A new connection', () => sql`select 1`)
  expect(await sql`select note from notes`).toHaveLength(0)
})

test('connections that were dropped in silence are closed, those that answer are kept', async () => {
  await using database = await connect()
  await using proxy = await startProxy(Number(new URL(database.url).port))
  await using stack = new AsyncDisposableStack()
  const sql = open(proxy.urlThrough(database.url), 'proxied', 3)
  stack.defer(() => sql.end({ timeout: 1 }))
  const readPids = async () =>
    (await Promise.all([1, 2].map(() => sql`select pg_backend_pid() as pid, pg_sleep(0.05)`))).map(([row]) => row?.pid)
  const pids = await readPids()
  const before = performance.now()
  expect(hasReceivedSince(sql, before)).toBe(false)
  closeSilentConnections(sql, 60_000)
  expect((await readPids()).sort()).toEqual(pids.sort())
  expect(hasReceivedSince(sql, before)).toBe(true)
  proxy.setFault({ kind: 'swallow' })
  // Two wait for their answers, the third connection is being opened.
  const waiting = [1, 2].map(() => sql`select 1`.catch(error => error.code))
  const dialing = sql`select 'opened' as state`
  const opened = dialing.then(([row]) => row?.state)
  await waitUntil(async () => proxy.connectionCount() >= 3 || undefined, {
    what: 'The third connection',
    milliseconds: 60_000,
    signal: forever,
  })
  proxy.setFault({ kind: 'none' })
  closeSilentConnections(sql, 0)
  expect(await Promise.all([...waiting, opened])).toEqual(['CONNECTION_CLOSED', 'CONNECTION_CLOSED', 'opened'])
})

// porsager/postgres#1154, #1181 and #1223 together.
test('every statement gets its own answer or none while connections break', async () => {
  await using database = await connect()
  const { sql } = database
  const answers = Array.from({ length: 200 }, async (_, number) => {
    if (number % 20 === 0) await database.terminate()
    const rows = await sql<{ number: number }[]>`select ${number}::int as number`.catch(() => [])
    return rows.length === 0 || (rows.length === 1 && rows[0]?.number === number)
  })
  expect(await Promise.all(answers)).not.toContain(false)
})

/** Creates a database, a pool of one connection to it, and an operator's connection that can terminate that one. */
async function connect() {
  await using stack = new AsyncDisposableStack()
  const { url } = stack.use(await createTestDatabase())
  const [sql, operator] = [open(url, 'one', 1), open(url, 'operator', 1)]
  stack.defer(() => operator.end({ timeout: 1 }))
  stack.defer(() => sql.end({ timeout: 1 }))
  await sql`create table notes (note text)`
  const disposables = stack.move()
  return {
    url,
    sql,
    operator,
    terminate: () => terminate(operator, 'one'),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

/** Deallocates the prepared statement of a connection that contains `text`: the driver does not know. */
async function deallocate(sql: Database, text: string): Promise<void> {
  const [row] = await sql<{ name: string }[]>`
    select name from pg_prepared_statements where position(${text} in statement) > 0 and position('position' in statement) = 0`
  await sql.unsafe(`deallocate "${row?.name}"`)
}

/** Waits until a connection of a pool runs a statement. */
async function waitUntilActive(operator: Database, name: string): Promise<void> {
  const isActive = async () => {
    const rows = await operator`select from pg_stat_activity where application_name = ${name} and state = 'active'`
    return rows.length > 0 || undefined
  }
  await waitUntil(isActive, { what: 'A statement', milliseconds: 60_000, signal: forever })
}

/** Terminates the connections of a pool, and waits until they are gone. */
async function terminate(operator: Database, name: string): Promise<void> {
  const isGone = async () => {
    const rows = await operator`
      select pg_terminate_backend(pid) from pg_stat_activity where application_name = ${name}`
    return rows.length === 0 || undefined
  }
  await waitUntil(isGone, { what: 'The end of a connection', milliseconds: 60_000, signal: forever })
}
