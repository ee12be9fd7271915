import { afterAll, beforeAll, expect, test } from 'bun:test'
import { SANITIZER_VERSION, sanitizeParameters } from '@darkroom/contracts/parameters'
import { createTestDatabase } from '../../testing/test-resources.ts'
import { insertGeneration, WORKSPACE } from '../generations/generation.fixture.ts'
import { createLog } from '../log.ts'
import { type Database, openDatabase } from './connection.ts'
import { createParametersMigration, DATA_MIGRATIONS, type DataMigration, runDataMigrations } from './data-migrations.ts'

const stack = new AsyncDisposableStack()
let sql: Database

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  sql = openDatabase({ url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  stack.defer(() => sql.end({ timeout: 1 }))
})
afterAll(() => stack.disposeAsync())

test('rebuilds documents that are outdated or missing', async () => {
  const [old, none] = [await insertGeneration(sql), await insertGeneration(sql)]
  await sql`update generation_documents set document = '{}' where generation_id = ${old}`
  await sql`delete from generation_documents where generation_id = ${none}`
  await sql`delete from generation_words where generation_id = ${none}`
  await sql`delete from upkeep where name like 'documents-%' or name like 'words-%'`
  await runDataMigrations(sql, {})
  for (const id of [old, none]) {
    const [row] = await sql<{ same: boolean }[]>`
      select d.document = generation_document(g)::text as same from generations g
      join generation_documents d on d.generation_id = g.id join generation_words w on w.generation_id = g.id
      where g.id = ${id}`
    expect(row?.same).toBe(true)
  }
})

test('continues a stopped migration, runs it once, and shares it between concurrent runs', async () => {
  const ids = await Promise.all(Array.from({ length: 25 }, () => insertGeneration(sql)))
  const seen: string[] = []
  const step = (breakAt: number): DataMigration => ({
    name: 'shared-1',
    batchSize: 4,
    run: async (_, batch) => {
      if (seen.length >= breakAt) throw new Error('stopped')
      seen.push(...batch)
    },
  })
  await expect(runDataMigrations(sql, { migrations: [step(8)] })).rejects.toThrow('stopped')
  expect(seen).toHaveLength(8)
  const messages: string[] = []
  await Promise.all(
    [1, 2, 3].map(() =>
      runDataMigrations(sql, { migrations: [step(Number.MAX_SAFE_INTEGER)], onMessage: line => messages.push(line) }),
    ),
  )
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen).toEqual(expect.arrayContaining(ids))
  expect(messages.at(-1)).toMatch(/^shared-1: \d+ generations$/)
  const before = seen.length
  await runDataMigrations(sql, { migrations: [step(0)] })
  expect(seen).toHaveLength(before)
})

test('marks the rows of older versions that embed a file', async () => {
  const [file, prose] = [await insertGeneration(sql), await insertGeneration(sql)]
  const rows = { [file]: '\uFEFFdata:image/png;base64,iVBORw0KGgo', [prose]: 'Data: a chart; base64, they said' }
  for (const [id, note] of Object.entries(rows))
    await sql`insert into generation_raw (generation_id, parameters) values (${id}, ${sql.json({ note })})`
  const select = async () => await sql`select generation_id as id from generation_raw where has_file`
  expect([...(await select())]).toEqual([{ id: file }])
  await sql`update generation_raw set has_file = false`
  await sql`delete from upkeep where name like 'files-%'`
  await runDataMigrations(sql, {})
  expect([...(await select())]).toEqual([{ id: file }])
})

test('applies a new rule to the full parameters, and publishes the generations that it changes', async () => {
  const [shown, same, bare] = [
    await insertGeneration(sql, { parameters: '{"aspectRatio":"1:1"}' }),
    await insertGeneration(sql, { parameters: '{"aspectRatio":"1:1"}' }),
    await insertGeneration(sql, { parameters: '{"aspectRatio":"1:1","seed":7}' }),
  ]
  const raw = { aspectRatio: '1:1', sampler: 'euler', referenceImage: `data:image/png;base64,${'A'.repeat(100_000)}` }
  await sql`insert into generation_raw (generation_id, parameters) values (${shown}, ${sql.json(raw)})`
  await sql`insert into generation_raw (generation_id, parameters) values (${same}, ${sql.json({ aspectRatio: '1:1' })})`
  await sql`delete from outbox`
  const rule = (parameters: unknown) => {
    const { seed: _, ...rest } = sanitizeParameters(parameters)
    const { sampler } = parameters as { sampler?: string }
    return sampler ? { ...rest, settings: { sampler } } : rest
  }
  await runDataMigrations(sql, { migrations: [createParametersMigration(SANITIZER_VERSION + 1, rule)] })
  const rows = await sql`select id, parameters, version from generations where id = any(${[shown, same, bare]}::uuid[])`
  const byId = new Map(rows.map(row => [row.id, [row.parameters, row.version]]))
  expect(byId.get(shown)).toEqual([{ aspectRatio: '1:1', settings: { sampler: 'euler' } }, 2])
  expect(byId.get(same)).toEqual([{ aspectRatio: '1:1' }, 1])
  expect(byId.get(bare)).toEqual([{ aspectRatio: '1:1' }, 2])
  const published =
    await sql`select payload ->> 'id' as id from outbox where subject = ${`events.${WORKSPACE}.generation`}`
  expect(published.map(row => row.id)).toEqual(expect.arrayContaining([shown, bare]))
  expect(published.map(row => row.id)).not.toContain(same)
  const [text] = await sql`select document from generation_documents where generation_id = ${shown}`
  expect(JSON.parse(text?.document).parameters).toEqual({ aspectRatio: '1:1', settings: { sampler: 'euler' } })
})

test('a constraint of the table rejects a rule that lets an embedded file through', async () => {
  const id = await insertGeneration(sql)
  const raw = { referenceImageUrl: 'data:image/png;base64,AAAA' }
  await sql`insert into generation_raw (generation_id, parameters) values (${id}, ${sql.json(raw)})`
  const attempt = runDataMigrations(sql, {
    migrations: [createParametersMigration(SANITIZER_VERSION + 2, parameters => parameters as object)],
  })
  await expect(attempt).rejects.toMatchObject({ code: '23514' })
})

test('every data migration is finished in a new database', async () => {
  const rows = await sql<{ name: string }[]>`select name from upkeep where finished_at is not null`
  expect(rows.map(row => row.name)).toEqual(expect.arrayContaining(DATA_MIGRATIONS.map(step => step.name)))
})
