import { expect, test } from 'bun:test'
import { waitUntil } from '../../local/process/wait-until.ts'
import { createTestDatabase } from '../../testing/test-resources.ts'
import { createLog } from '../log.ts'
import { type Database, openDatabase } from './connection.ts'
import { transaction } from './transaction.ts'

const log = createLog({ service: 'test', level: 'silent' })
const open = (url: string, name: string, connections: number) => openDatabase({ url, name, connections, log })

/** A database of its own, a pool of one connection to it, and somebody who can end that connection. */
async function connect() {
  await using undo = new AsyncDisposableStack()
  const { url } = undo.use(await createTestDatabase())
  const [sql, operator] = [open(url, 'one', 1), open(url, 'operator', 1)]
  undo.defer(() => operator.end({ timeout: 1 }))
  undo.defer(() => sql.end({ timeout: 1 }))
  await sql`create table notes (note text)`
  const owned = undo.move()
  return { sql, operator, cut: () => cut(operator), [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

async function cut(operator: Database): Promise<void> {
  const gone = async () => {
    const rows = await operator`
      select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'one'`
    return rows.length === 0 || undefined
  }
  await waitUntil(gone, { what: 'The end of a connection', milliseconds: 10_000, signal: new AbortController().signal })
}

test('a connection that breaks in the middle of a transaction fails it, and what it would still write is written nowhere', async () => {
  await using database = await connect()
  const { sql } = database
  const writing = Promise.withResolvers<unknown>()
  const failed = transaction(sql, async tx => {
    await tx`insert into notes values ('first')`
    await database.cut()
    // By now the pool has a new connection, which is not this transaction's.
    await waitUntil(() => sql`select 1`.then(() => true as const).catch(() => undefined), {
      what: 'A new connection',
      milliseconds: 10_000,
      signal: new AbortController().signal,
    })
    const second = tx`insert into notes values ('second')`
    second.then(writing.resolve, writing.resolve)
    await second
  })
  expect(await failed.catch(error => error)).toMatchObject({ code: 'CONNECTION_CLOSED' })
  expect(await writing.promise).toMatchObject({ code: 'CONNECTION_CLOSED' })
  expect(await sql`select note from notes`).toHaveLength(0)
})

test('a connection that breaks in the middle of a statement fails the transaction and no more', async () => {
  await using database = await connect()
  const { sql } = database
  const cut = Promise.withResolvers<void>()
  const failed = transaction(sql, async tx => {
    const slow = tx`select pg_sleep(60)`
    slow.catch(() => {})
    await database.cut()
    cut.resolve()
    await slow
  })
  expect(await failed.catch(error => error)).toBeInstanceOf(Error)
  await cut.promise
  const [row] = await sql<{ one: number }[]>`select 1 as one`
  expect(row?.one).toBe(1)
})

test('a statement that fails in the middle of its rows leaves none of them behind for the next', async () => {
  await using database = await connect()
  const { sql } = database
  expect(await sql`select 1 / (3 - n) from generate_series(1, 5) n`.catch(error => error)).toMatchObject({
    code: '22012',
  })
  const rows = await sql<{ seven: number }[]>`select 7 as seven`
  expect(rows.map(({ seven }) => seven)).toEqual([7])
})

test('whatever is asked while connections break gets its own answer, or none', async () => {
  await using database = await connect()
  const { sql } = database
  const answers = Array.from({ length: 200 }, async (_, number) => {
    if (number % 20 === 0) await database.cut()
    const rows = await sql<{ number: number }[]>`select ${number}::int as number`.catch(() => [])
    return rows.length === 0 || (rows.length === 1 && rows[0]?.number === number)
  })
  expect(await Promise.all(answers)).not.toContain(false)
})
