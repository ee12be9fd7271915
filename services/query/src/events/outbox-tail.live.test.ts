import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { messageId } from '@darkroom/infra/database/message-id'
import { createLog } from '@darkroom/infra/log'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { createOutboxTail, type OutboxTailDeps } from './outbox-tail.ts'

const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
let sql: Database

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  sql = openDatabase({ url, name: 'test', log })
  stack.defer(() => sql.end({ timeout: 1 }))
})
afterAll(() => stack.disposeAsync())
beforeEach(async () => void (await sql`delete from outbox`))

test('reads what the bus has not delivered, once, in order, and nothing that is new, old or no event', async () => {
  await using tail = startTail({ graceMs: 1_000 })
  // It stays new however long the test takes.
  await insert('new', { ageMs: -60_000 })
  await insert('old', { ageMs: 25_000 })
  await insert('job', { ageMs: 2_000, subject: 'jobs.generate.demo' })
  tail.receive(await insert('delivered', { ageMs: 2_000 }))
  const [first, second] = [await insert('first', { ageMs: 2_000 }), await insert('second', { ageMs: 1_500 })]
  await tail.read()
  await tail.read()
  expect(tail.batches).toEqual([['first', 'second']])
  expect(tail.listUndelivered().map(({ data }) => data)).toEqual(['first', 'second'])
  expect([tail.receive(first), tail.receive(first), tail.receive('ob-1-1'), tail.receive(undefined)]).toEqual([
    true,
    false,
    false,
    false,
  ])
  tail.clearUndelivered()
  expect([tail.receive(second), tail.listUndelivered()]).toEqual([false, []])
})

test('reads a row that becomes visible after rows with a higher id', async () => {
  await using tail = startTail()
  const slow = await sql.reserve()
  await slow`begin`
  await slow`insert into outbox (subject, payload) values ('events.w.generation', '"slow"')`
  await insert('quick')
  await tail.read()
  await slow`commit`
  slow.release()
  await tail.read()
  expect(tail.batches).toEqual([['quick'], ['slow']])
})

test('reads again what could not be sent, without what the bus has delivered meanwhile', async () => {
  let delivered = ''
  await using tail = startTail({
    onEvents: async () => {
      if (tail.batches.length > 1) return
      tail.receive(delivered)
      throw new Error('the database is away')
    },
  })
  delivered = await insert('delivered')
  await insert('other')
  await tail.read()
  expect(tail.batches).toEqual([['delivered', 'other'], ['other']])
  expect(tail.listUndelivered().map(({ data }) => data)).toEqual(['other'])
})

test('reads many rows by pages, up to a limit, and sends them in batches', async () => {
  await using tail = startTail({ limits: { pageRows: 4, maxPages: 3, batchRows: 3 } })
  for (let at = 0; at < 14; at++) await insert(`${at}`)
  await tail.read()
  expect(tail.batches.map(batch => batch.length)).toEqual([3, 1, 3, 1, 3, 1])
  expect(tail.batches.flat()).toEqual(Array.from({ length: 12 }, (_, at) => `${at}`))
})

test('reads nothing while nobody watches', async () => {
  let isWatched = false
  await using tail = startTail({ isWatched: () => isWatched })
  await insert('before')
  await tail.read()
  expect(tail.batches).toEqual([])
  isWatched = true
  await tail.read()
  expect(tail.batches).toEqual([['before']])
})

/** Starts a tail that reads when it is told to. */
function startTail(options: Partial<OutboxTailDeps> = {}) {
  const stopping = new AbortController()
  const batches: string[][] = []
  let tick = Promise.withResolvers<void>()
  let reads = 0
  const wait = async () => {
    reads += 1
    await tick.promise
  }
  const { onEvents = async () => {}, ...others } = options
  const tail = createOutboxTail({
    database: sql,
    activity: { wait },
    log,
    signal: stopping.signal,
    isWatched: () => true,
    graceMs: 0,
    ...others,
    onEvents: async events => {
      batches.push(events.map(({ data }) => String(data)))
      await onEvents(events)
    },
  })
  let running: Promise<void> | undefined
  return {
    ...tail,
    batches,
    /** Has the outbox read once; after a failure, until it is read without one. */
    read: async () => {
      const before = reads
      running ??= tail.run()
      tick.resolve()
      tick = Promise.withResolvers()
      await waitFor('The read', 60_000, async () => reads > before, 1)
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      tick.resolve()
      await running
    },
  }
}

/** Inserts a row. @returns the id of its message */
async function insert(data: string, { ageMs = 0, subject = 'events.w.generation' } = {}): Promise<string> {
  const [row] = await sql<{ id: number; at: number }[]>`
    insert into outbox (subject, payload, created_at)
    values (${subject}, ${sql.json(data)}, clock_timestamp() - make_interval(secs => ${ageMs / 1_000}::float8))
    returning id, (extract(epoch from created_at) * 1000000)::bigint as at`
  if (!row) throw new Error('no row was inserted')
  return messageId(row)
}
