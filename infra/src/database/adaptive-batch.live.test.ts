import { afterAll, beforeAll, expect, test } from 'bun:test'
import { insertGenerations, type SeedOptions } from '../../local/seed/rows.ts'
import { createTestDatabase } from '../../testing/test-resources.ts'
import { LOCAL_OWNER } from '../http/identity.ts'
import { createLog } from '../log.ts'
import { RETRY_POLICIES } from '../runtime/retry-policies.ts'
import { DeadlineError } from '../runtime/timers.ts'
import { type AdaptiveOptions, createAdaptiveBatches } from './adaptive-batch.ts'
import { type Database, openDatabase, waitUntilResponsive } from './connection.ts'
import { runDataMigrations } from './data-migrations.ts'

const signal = new AbortController().signal
const policy = { ...RETRY_POLICIES.bulkBatch, minMs: 0, baseMs: 1, maxMs: 2 }
const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
let sql: Database

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  sql = openDatabase({ url, name: 'test', log })
  stack.defer(() => sql.end({ timeout: 1 }))
})
afterAll(() => stack.disposeAsync())

test('halves a batch that the database has no time for, and grows again', async () => {
  const batches = create({ maxSize: 100 })
  const tried: number[] = []
  const limit = 30
  const run = () =>
    batches.run(async (tx, size) => {
      tried.push(size)
      // What Postgres answers to a statement that takes longer than its limit.
      if (size > limit) await tx`do $$ begin raise exception 'too slow' using errcode = '57014'; end $$`
      return size
    })
  expect(await run()).toBe(25)
  expect(tried).toEqual([100, 50, 25])
  expect(await batches.run(async () => 'small')).toBe('small')
  expect(batches.size()).toBe(57)
})

test('halves after a batch that was slow although it succeeded, and never goes below one', async () => {
  let time = 0
  const batches = create({ maxSize: 4, now: () => time })
  const runSlowly = () =>
    batches.run(async (_, size) => {
      time += 10_000
      return size
    })
  expect([await runSlowly(), await runSlowly(), await runSlowly(), await runSlowly()]).toEqual([4, 2, 1, 1])
})

test('throws an error that another try cannot mend at once, and the last one after the last try', async () => {
  const batches = create({ maxSize: 4 })
  let tries = 0
  const failWith = (error: Error) =>
    batches.run(async () => {
      tries++
      throw error
    })
  await expect(failWith(new TypeError('a defect'))).rejects.toThrow('a defect')
  expect(tries).toBe(1)
  await expect(failWith(new DeadlineError('too slow'))).rejects.toThrow('too slow')
  expect(tries).toBe(1 + policy.tries)
})

test('ends a data migration whose first batches are too large for a busy database', async () => {
  await insertGenerations(sql, { ...SEED, count: 40 }, () => {})
  const seen: string[] = []
  const messages: string[] = []
  const run = async (tx: Parameters<Parameters<Database['begin']>[1]>[0], ids: readonly string[]) => {
    if (ids.length > 12) await tx`do $$ begin raise exception 'too slow' using errcode = '57014'; end $$`
    seen.push(...ids)
  }
  await runDataMigrations(sql, {
    migrations: [{ name: 'busy-1', batchSize: 40, run }],
    onMessage: line => messages.push(line),
  })
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from generations`
  expect([new Set(seen).size, seen.length]).toEqual([row?.count ?? 0, row?.count ?? 0])
  expect(messages[0]).toMatch(/busy, going on with 20 at a time/)
})

test('seeds every generation once although statements fail and connections break in the middle', async () => {
  await sql`truncate generations cascade`
  await sql`
    create function fail_large_batches() returns trigger language plpgsql as $$
    begin
      if (select count(*) from inserted) > 700 then raise exception 'too slow' using errcode = '57014'; end if;
      return null;
    end $$`
  await sql`
    create trigger fail_large_batches after insert on generations referencing new table as inserted
    for each statement execute function fail_large_batches()`
  const progress: number[] = []
  const onProgress = (done: number) => {
    progress.push(done)
    if (progress.length === 2) void terminateOthers()
  }
  await insertGenerations(sql, { ...SEED, count: 2_600 }, onProgress)
  await sql`drop trigger fail_large_batches on generations`
  const [row] = await sql`
    select count(*)::int as generations, count(distinct client_id)::int as clients, count(distinct parameters ->> 'seed')::int as seeds
    from generations`
  expect({ ...row }).toEqual({ generations: 2_600, clients: 2_600, seeds: 2_600 })
  expect(Math.max(...progress)).toBe(2_600)
})

test('a command gives a database that is busy time, and does not wait for one that is not there', async () => {
  let calls = 0
  const busy = Object.assign(async () => {
    calls++
    if (calls < 3) await Bun.sleep(200)
    return []
  }, sql)
  let retries = 0
  const options = { signal, policy: { ...policy, tries: 5 }, milliseconds: 20, onRetry: () => void retries++ }
  await waitUntilResponsive(busy as unknown as Database, options)
  expect([calls, retries]).toEqual([3, 2])
  const gone = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', name: 'test', log })
  await expect(waitUntilResponsive(gone, { ...options, milliseconds: 60_000 })).rejects.toThrow(/ECONNREFUSED|connect/)
  expect(retries).toBe(2)
  await gone.end({ timeout: 0 })
})

/** Breaks the connections of all others, whatever they are doing. */
async function terminateOthers(): Promise<void> {
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
}

const SEED: Omit<SeedOptions, 'count'> = {
  identity: LOCAL_OWNER,
  images: [
    {
      ratio: '1:1',
      key: 'w/1/gen/seed/1/a.png',
      width: 8,
      height: 8,
      bytes: 9,
      placeholder: '',
      sha256: 'a'.repeat(64),
    },
  ],
  bloat: null,
}

function create(options: Pick<AdaptiveOptions, 'maxSize'> & Partial<AdaptiveOptions>) {
  return createAdaptiveBatches(sql, { signal, policy, ...options })
}
