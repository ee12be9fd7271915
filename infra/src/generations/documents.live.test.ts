import { afterAll, beforeAll, expect, test } from 'bun:test'
import { STATUSES } from '@darkroom/contracts/enums'
import fc from 'fast-check'
import { createTestDatabase } from '../../testing/test-resources.ts'
import { type Database, openDatabase, type Transaction } from '../database/connection.ts'
import { DOCUMENT_VERSION, WORDS_VERSION } from '../database/data-migrations.ts'
import { transaction } from '../database/transaction.ts'
import { createLog } from '../log.ts'
import { insertGeneration, WORKSPACE } from './generation.fixture.ts'
import { bumpVersion, type GenerationKey, transition } from './generations.ts'

/** The stored document of each generation always equals the one that would be built now. */

const stack = new AsyncDisposableStack()
let sql: Database

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  sql = openDatabase({ url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  stack.defer(() => sql.end({ timeout: 1 }))
})
afterAll(() => stack.disposeAsync())

/** Changes of a generation. Some do not raise its version, because each transaction raises it at some point. */
const steps: Record<string, (tx: Transaction, id: string, at: number) => Promise<unknown>> = {
  move: (tx, id, at) => transition(tx, { ...keyOf(id), to: STATUSES[at % STATUSES.length] ?? 'failed', attempt: at }),
  touch: (tx, id) => bumpVersion(tx, keyOf(id)),
  attempt: (tx, id, at) => tx`update generation_jobs set attempt = ${at}, progress = null where generation_id = ${id}`,
  progress: (tx, id, at) => tx`update generation_jobs set progress = ${at / 100} where generation_id = ${id}`,
  output: (tx, id, at) => tx`update generation_outputs set width = ${at}, state = 'failed' where generation_id = ${id}`,
  favourite: (tx, id, at) => tx`update generation_outputs set favourite = ${at % 2 === 0} where generation_id = ${id}`,
  delete: (tx, id) => tx`update generations set deleted_at = now() where id = ${id}`,
  restore: (tx, id) => tx`update generations set deleted_at = null where id = ${id}`,
}

test('the stored document is current after any changes in any order', async () => {
  const step = fc.record({ name: fc.constantFrom(...Object.keys(steps)), at: fc.nat(99) })
  const transactions = fc.array(fc.array(step, { maxLength: 6 }), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(transactions, fc.integer({ min: 0, max: 6 }), async (all, touchAt) => {
      const id = await insertWhole()
      for (const one of all) {
        await transaction(sql, async tx => {
          for (const [index, { name, at }] of one.entries()) {
            if (index === touchAt) await bumpVersion(tx, keyOf(id))
            await steps[name]?.(tx, id, at)
          }
          if (touchAt >= one.length) await bumpVersion(tx, keyOf(id))
        })
        await expectCurrent(id)
      }
    }),
    { numRuns: 60 },
  )
})

test('a transaction that is rolled back stores no document', async () => {
  const id = await insertWhole()
  const attempt = transaction(sql, async tx => {
    await bumpVersion(tx, keyOf(id))
    throw new Error('lost')
  })
  await expect(attempt).rejects.toThrow('lost')
  await expectCurrent(id)
})

test('a transaction writes the document once, however often it raises the version; a heartbeat writes none', async () => {
  const id = await insertWhole()
  await sql`create table written (id uuid)`
  await sql`
    create function note() returns trigger language plpgsql as $$
    begin insert into written values (new.generation_id); return null; end $$`
  await sql`create trigger note after insert or update on generation_documents for each row execute function note()`
  const writes = async () => (await sql`delete from written returning id`).length
  await transaction(sql, async tx => {
    await bumpVersion(tx, keyOf(id))
    await transition(tx, { ...keyOf(id), to: 'processing', attempt: 1 })
    await bumpVersion(tx, keyOf(id))
  })
  expect(await writes()).toBe(1)
  await sql`update generation_jobs set lease_until = now(), next_check_at = now(), stage = 'upload' where generation_id = ${id}`
  expect(await writes()).toBe(0)
  await sql`drop trigger note on generation_documents`
})

test('a deleted generation has no document and no search words', async () => {
  const id = await insertWhole()
  await sql`delete from generations where id = ${id}`
  expect(await sql`select from generation_documents where generation_id = ${id}`).toHaveLength(0)
  expect(await sql`select from generation_words where generation_id = ${id}`).toHaveLength(0)
})

test('concurrent changes of a generation by workers and users do not deadlock', async () => {
  const id = await insertWhole()
  const worker = () =>
    transaction(sql, async tx => {
      await tx`select from generation_jobs where generation_id = ${id} for update`
      await tx`update generation_outputs set width = width + 1 where generation_id = ${id}`
      await bumpVersion(tx, keyOf(id))
    })
  const user = () => transaction(sql, tx => bumpVersion(tx, keyOf(id)))
  await Promise.all(Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? worker() : user())))
  await expectCurrent(id)
  expect(await sql`select version from generations where id = ${id}`).toMatchObject([{ version: 41 }])
})

/**
 * A failure means that the document of a generation, or its search words, have changed. `bun run migrate` rebuilds the stored ones if
 * DOCUMENT_VERSION, or WORDS_VERSION, is raised: raise it, and write the new sums here. (Migration 0025 changed the stored words itself.)
 */
test('a change of the documents or the search words raises their version', async () => {
  const rows = await sql<{ name: string; sum: string }[]>`
    select proname as name, left(md5(pg_get_functiondef(oid)), 12) as sum from pg_proc
    where proname in ('folded_text', 'generation_document', 'text_words', 'timestamp_text', 'words_prefix', 'write_words')
    order by proname`
  expect(rows.map(row => `${row.name} ${row.sum}`)).toEqual([
    'folded_text 3674f315140b',
    'generation_document 9d010a05827a',
    'text_words 745b7e1726d9',
    'timestamp_text 1e77a8a4a094',
    'words_prefix 62cb51c5e738',
    'write_words c5c8f3db2b76',
  ])
  expect([DOCUMENT_VERSION, WORDS_VERSION]).toEqual([6, 6])
})

test('search words are indexed whole and without their end, with the prefix of their workspace, whatever is in a prompt', async () => {
  const prompts = [`a 'quoted' back\\slash`, 'x'.repeat(2_040), `${'word '.repeat(20_000)}end`, "'", '東京 fox', '']
  const stored = await Promise.all(
    prompts.map(async prompt => {
      const id = await insertGeneration(sql, { prompt })
      const rows = await sql<{ word: string; prefix: string }[]>`
        select lexeme as word, words_prefix(workspace_id) as prefix
        from generation_words, unnest(indexed_words(workspace_id, words))
        where generation_id = ${id} and workspace_id = ${WORKSPACE}`
      expect(rows.filter(({ word, prefix }) => !word.startsWith(prefix))).toEqual([])
      return rows.map(({ word, prefix }) => word.slice(prefix.length)).toSorted()
    }),
  )
  expect(stored).toEqual([
    ['-bac', '-dem', '-quote', '-slas', 'a', 'back', 'demo', 'quoted', 'slash'],
    ['-dem', 'demo'],
    ['-dem', '-wor', 'demo', 'word'],
    ['-dem', 'demo'],
    ['-dem', '-fo', '-東', 'demo', 'fox', '京', '東京'],
    ['-dem', 'demo'],
  ])
  const [prefixes] =
    await sql`select count(distinct words_prefix(id))::int as count, max(length(words_prefix(id))) as length
    from (select gen_random_uuid() as id from generate_series(1, 1000)) w`
  expect({ ...prefixes }).toEqual({ count: 1000, length: 6 })
})

async function expectCurrent(id: string): Promise<void> {
  const [stored] = await sql`
    select d.document = generation_document(g)::text as text, d.status = g.status as status,
           d.deleted_at is not distinct from g.deleted_at as deleted, d.model = g.model as model, d.kind = g.kind as kind,
           d.created_at = g.created_at as created,
           d.favourite = exists (select from generation_outputs o where o.generation_id = g.id and o.favourite) as favourite
    from generations g left join generation_documents d on d.generation_id = g.id where g.id = ${id}`
  const as = { text: true, status: true, deleted: true, model: true, kind: true, created: true, favourite: true }
  expect({ ...stored }).toEqual(as)
}

function keyOf(id: string): GenerationKey {
  return { id, workspaceId: WORKSPACE }
}

async function insertWhole(): Promise<string> {
  return await transaction(sql, async tx => {
    const id = await insertGeneration(tx)
    await tx`insert into generation_outputs (generation_id, index, kind, width) values (${id}, 0, 'image', 1)`
    return id
  })
}
