import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { OUTLIVING_TABLES, STUDIO_TABLES, WORKSPACE_TABLES } from '../../testing/data/workspace-tables.ts'
import { createTestDatabase } from '../../testing/test-resources.ts'
import { createLog } from '../log.ts'
import { type Database, openDatabase } from './connection.ts'
import { migrate, migrateTables } from './migrations.ts'

const stack = new AsyncDisposableStack()
const [ONE, OTHER] = ['00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-00000000000b']
let url: string
let sql: Database

beforeAll(async () => {
  url = stack.use(await createTestDatabase()).url
  sql = openDatabase({ url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  stack.defer(() => sql.end({ timeout: 1 }))
})
afterAll(() => stack.disposeAsync())

test('each table either carries the workspace of its rows or is one of the studio', async () => {
  const known = [...WORKSPACE_TABLES, ...Object.keys(OUTLIVING_TABLES), ...Object.keys(STUDIO_TABLES)].toSorted()
  const tables = await sql<{ name: string; hasWorkspace: boolean; isRequired: boolean }[]>`
    select c.relname::text as name, a.attname is not null as "hasWorkspace", coalesce(a.attnotnull, false) as "isRequired"
    from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attname = 'workspace_id'
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by c.relname collate "C"`
  expect(tables.map(({ name }) => name)).toEqual(known)
  const isOfWorkspace = (name: string) => (WORKSPACE_TABLES as readonly string[]).includes(name)
  expect(tables.filter(({ name, isRequired }) => isOfWorkspace(name) && !isRequired)).toEqual([])
  expect(tables.filter(({ name, hasWorkspace }) => name in OUTLIVING_TABLES && !hasWorkspace)).toEqual([])
})

test('each row refers to a generation and to a reference image within its workspace', async () => {
  const keys = await sql<{ table: string; target: string; isWithin: boolean }[]>`
    select f.relname::text as table, t.relname::text as target,
      exists (select from unnest(k.conkey, k.confkey) key (own, theirs)
        join pg_attribute o on o.attrelid = f.oid and o.attnum = own and o.attname = 'workspace_id'
        join pg_attribute r on r.attrelid = t.oid and r.attnum = theirs and r.attname = 'workspace_id') as "isWithin"
    from pg_constraint k join pg_class f on f.oid = k.conrelid join pg_class t on t.oid = k.confrelid
    where k.contype = 'f' and t.relname in ('generations', 'reference_images')`
  const roots = ['generations', 'reference_images']
  const within = new Set(keys.filter(({ isWithin }) => isWithin).map(({ table }) => table))
  expect(WORKSPACE_TABLES.filter(table => !roots.includes(table) && !within.has(table))).toEqual([])
  expect(keys.filter(({ table, isWithin }) => !isWithin && !(table in STUDIO_TABLES))).toEqual([])
})

for (const workspaces of [[ONE], [ONE, OTHER]]) {
  test(`old rows of ${workspaces.length} workspaces are given theirs, and cannot be moved to another`, async () => {
    await createOldTables()
    const generations = new Map<string, string>()
    for (const workspace of workspaces) generations.set(await insertOldRows(workspace), workspace)
    await migrate({ url })
    const children = WORKSPACE_TABLES.filter(
      name => !['generations', 'reference_images', 'previews_due', 'action_keys'].includes(name),
    )
    for (const table of children) {
      const rows = await sql<{ id: string; workspace: string }[]>`
        select distinct generation_id as id, workspace_id as workspace from ${sql(table)}`
      expect({ table, rows: new Map(rows.map(({ id, workspace }) => [id, workspace])) }).toEqual({
        table,
        rows: generations,
      })
    }
    for (const table of [...children, 'previews_due']) {
      const move = sql`update ${sql(table)} set workspace_id = ${crypto.randomUUID()}`.execute()
      await expect(move).rejects.toMatchObject({ code: '23503' })
    }
    const lost = await sql`select count(*)::int as count from previews_due p join reference_images i
      on i.id = p.reference_id and i.workspace_id = p.workspace_id`
    expect(lost).toMatchObject([{ count: workspaces.length }])
    const removals = await sql`select key, workspace_id from object_removals order by key collate "C"`
    expect(removals.map(row => row.workspace_id)).toEqual([null, ...workspaces])
    const messages =
      await sql`select workspace_id as workspace from outbox where payload ->> 'type' like 'generation.%' order by id`
    expect(messages.map(row => row.workspace)).toEqual(workspaces)
    expect(await sql`select from outbox`).toHaveLength(workspaces.length + 1)
  })
}

test('of old parents those stay that were there, or are known to be purged', async () => {
  await createOldTables()
  const [parent, foreign, purged] = [await insertOldRows(ONE), await insertOldRows(OTHER), crypto.randomUUID()]
  await sql`insert into purged_generations (id) values (${purged})`
  const output = { outputIndex: 0, verb: 'vary' }
  const parents = {
    own: { ...output, generationId: parent },
    upperCase: { ...output, generationId: parent.toUpperCase() },
    purged: { ...output, generationId: purged },
    nobody: { ...output, generationId: crypto.randomUUID() },
    foreign: { ...output, generationId: foreign },
    noOutput: { ...output, outputIndex: 1, generationId: parent },
    huge: { ...output, outputIndex: 1e15, generationId: parent },
    noNumber: { verb: 'vary', outputIndex: 'x', generationId: 'y' },
  }
  const children = new Map<string, string>()
  for (const [name, value] of Object.entries(parents)) {
    const child = await insertOldRows(ONE)
    await sql`update generations set parent = ${sql.json(value)} where id = ${child}`
    children.set(child, name)
  }
  await migrate({ url })
  const rows = await sql<
    { id: string; key: string | null; index: number | null; verb: string | null; shown: unknown }[]
  >`
    select g.id, g.parent_generation_id as key, g.parent_output_index as index, g.parent_verb as verb,
      d.document::jsonb -> 'parent' as shown
    from generations g join generation_documents d on d.generation_id = g.id where g.id = any(${[...children.keys()]})`
  const found = Object.fromEntries(rows.map(({ id, ...row }) => [children.get(id), row]))
  const none = { key: null, index: null, verb: null, shown: null }
  expect(found).toEqual({
    own: { key: parent, index: 0, verb: 'vary', shown: parents.own },
    upperCase: { key: parent, index: 0, verb: 'vary', shown: parents.upperCase },
    purged: { key: null, index: 0, verb: 'vary', shown: parents.purged },
    ...{ nobody: none, foreign: none, noOutput: none, huge: none, noNumber: none },
  })
})

/** Creates the tables as they were before the migration. */
async function createOldTables(): Promise<void> {
  await sql.unsafe('drop schema public cascade; create schema public')
  const names = (await readdir(join(import.meta.dirname, '..', '..', 'migrations'))).map(file =>
    file.replace('.sql', ''),
  )
  await migrateTables(
    url,
    names.toSorted().filter(name => name < '0014'),
  )
}

/** Inserts a generation with a row in every table. @returns its id */
async function insertOldRows(workspace: string): Promise<string> {
  const [id, reference, run] = [Bun.randomUUIDv7(), crypto.randomUUID(), crypto.randomUUID()]
  const changed = { v: 1, type: 'generation.changed', id }
  await sql.begin(async tx => {
    await tx`
      insert into generations (id, workspace_id, user_id, client_id, fingerprint, kind, model, provider, prompt, num_outputs)
      values (${id}, ${workspace}, ${id}, ${id}, '', 'image', 'demo', 'demo', 'a prompt', 1)`
    await tx`insert into generation_jobs (generation_id) values (${id})`
    await tx`insert into generation_raw (generation_id, parameters) values (${id}, '{}')`
    await tx`insert into generation_outputs (generation_id, index, kind) values (${id}, 0, 'image')`
    await tx`insert into rehosts (generation_id, index) values (${id}, 0)`
    await tx`insert into generation_events (generation_id, attempt, to_status) values (${id}, 0, 'queued')`
    await tx`insert into provider_calls (generation_id, call, first_index, count) values (${id}, 0, 0, 1)`
    await tx`
      insert into reference_images (id, workspace_id, sha256, key, mime_type, bytes, width, height)
      values (${reference}, ${workspace}, ${Buffer.from(reference)}, 'key', 'image/png', 1, 1, 1)`
    await tx`insert into generation_references (generation_id, position, reference_id) values (${id}, 0, ${reference})`
    await tx`insert into previews_due (reference_id) values (${reference})`
    await tx`insert into backfill_runs (id, kind, dry_run, batch_rows, concurrency, total) values (${run}, 'move', false, 1, 1, 1)`
    await tx`
      insert into backfill_failures (run_id, generation_id, reason, temporary)
      values (${run}, ${id}, 'why', false), (${run}, ${crypto.randomUUID()}, 'purged', false)`
    await tx`
      insert into backfill_manifest (generation_id, field, position, key, sha256, bytes, prefix) values (${id}, 'a', 0, 'key', '', 1, '')`
    await tx`
      insert into object_removals (key, remove_after) values (${`w/${workspace}/gen/${id}/`}, now()), ('a/b.png', now())
      on conflict do nothing`
    await tx`
      insert into outbox (subject, payload) values ('jobs.demo', ${tx.json(changed)}), ('jobs.demo', ${tx.json({ ...changed, id: run })})`
    await tx`
      insert into outbox (subject, payload) select 'events.connections', '{"v": 1, "type": "models.changed", "id": "demo"}'
      where not exists (select from outbox where subject like 'events.%')`
  })
  return id
}
