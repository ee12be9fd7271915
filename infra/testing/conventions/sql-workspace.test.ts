import { expect, test } from 'bun:test'
import { readRepository, TEST_FILE } from './source-files.ts'
import { readSqlTexts } from './sql-statements.ts'
import { findUnboundTables } from './sql-workspace.ts'

/** Code that runs on behalf of a request, or that such code shares with others. */
const REQUEST_CODE = /^(services\/(ingest|query)\/src|infra\/src)\//

/** Statements that concern all workspaces, by their file and a part of them, each with the reason. */
const STUDIO_STATEMENTS: [path: string, part: string, reason: string][] = [
  ['infra/src/connections/open-calls.ts', 'g.provider = c.id', 'a connection is the studio’s: all of its calls count'],
  [
    'infra/src/connections/cost-sums.ts',
    'from cost_sums cost where',
    'usage gives its workspace; a budget is the studio’s',
  ],
  ['infra/src/connections/cost-sums.ts', 'from call_costs k', 'usage gives its workspace; a budget is the studio’s'],
  ['infra/src/connections/cost-sums.ts', 'insert into cost_days', 'sums up a day of every workspace, each apart'],
  ['infra/src/connections/cost-sums.ts', 'insert into cost_sums', 'sums up a day of every workspace, each apart'],
  ['infra/src/connections/spending-rows.ts', 'and $ and not exists', 'a budget is the studio’s'],
  ['infra/src/database/backfill-report.ts', 'from backfill_runs r', 'for administrators'],
  ['infra/src/database/data-migrations.ts', 'order by id limit $ for no key update', 'goes over all rows'],
  ['infra/src/database/data-migrations.ts', 'coalesce(r.parameters, g.parameters)', 'goes over all rows'],
  ['infra/src/database/data-migrations.ts', 'parameters <> $::jsonb', 'goes over all rows'],
  ['infra/src/database/data-migrations.ts', 'set has_file = true', 'goes over all rows'],
  ['infra/src/database/outbox.ts', 'from outbox where published_at is null', 'the relay publishes for all'],
  ['infra/src/database/outbox.ts', 'update outbox set published_at', 'the relay publishes for all'],
  ['infra/src/database/outbox.ts', 'delete from outbox where published_at <', 'by age'],
  [
    'infra/src/generations/generations.ts',
    'select id, workspace_id as "workspaceId" from generations',
    'finds the workspace',
  ],
  ['infra/src/generations/object-removals.ts', 'insert into object_removals', 'the key contains the workspace'],
  ['infra/src/generations/timeline-sums.ts', '', 'sums up the days of every workspace, each apart'],
  ['infra/src/generations/purge.ts', 'delete from purged_generations where purged_at <', 'by age'],
  ['services/ingest/src/references/reference-rows.ts', 'insert into object_removals', 'the key contains the workspace'],
  [
    'services/ingest/src/references/rehost/reference-rehost-rows.ts',
    'from reference_rehosts where next_try_at <=',
    'takes what is due of every workspace',
  ],
  [
    'services/query/src/events/outbox-tail.ts',
    'select id, (extract',
    'events of all, each sent to its workspace alone',
  ],
  [
    'services/query/src/events/outbox-tail.ts',
    'select id, subject, payload as data',
    'events of all, each sent to its workspace alone',
  ],
  [
    'services/ingest/src/failover/failover-rows.ts',
    'c.failover_model is not null',
    'a rule is the studio’s: it is applied in each workspace apart',
  ],
  ['services/ingest/src/backfill/', '', 'an administrator’s run goes over the rows of all'],
]

test('every statement on behalf of a request names the workspace of what it reads and writes', async () => {
  const unbound = (await findUnboundStatements()).filter(
    ({ path, text }) => !STUDIO_STATEMENTS.some(([file, part]) => path.startsWith(file) && text.includes(part)),
  )
  expect(unbound.map(({ path, line, tables, text }) => `${path}:${line} ${tables.join(', ')}: ${text.trim()}`)).toEqual(
    [],
  )
})

test('no exception is left over', async () => {
  const unbound = await findUnboundStatements()
  const unused = STUDIO_STATEMENTS.filter(
    ([file, part]) => !unbound.some(({ path, text }) => path.startsWith(file) && text.includes(part)),
  )
  expect(unused).toEqual([])
})

test('nobody but the identification of requests, and commands, takes it that everyone is the local owner', async () => {
  const files = [...(await readRepository()).values()].filter(
    ({ path, text }) => REQUEST_CODE.test(path) && !TEST_FILE.test(path) && /\bLOCAL_OWNER\b/.test(text),
  )
  expect(files.map(({ path }) => path)).toEqual(['infra/src/http/identity.ts', 'services/ingest/src/import/main.ts'])
})

test('the statements are found at all', async () => {
  const found = (await readStatements()).filter(({ text }) => /\bworkspace_id\b/.test(text))
  expect(found.length).toBeGreaterThan(60)
})

for (const [sql, tables] of [
  ['select from generations where id = $', ['generations']],
  ['select workspace_id from generations where id = $', ['generations']],
  ['select from generations where id = $ and workspace_id = $', []],
  ['select from generations where id = $ and workspace_id = $::uuid', []],
  ['update generations set workspace_id = $ where id = $', ['generations']],
  ['delete from generation_outputs where generation_id = $', ['generation_outputs']],
  [
    'select from generations g join generation_outputs o on o.generation_id = g.id where g.workspace_id = $',
    ['generation_outputs'],
  ],
  [
    'select from generations g join generation_outputs o on o.generation_id = g.id and o.workspace_id = g.workspace_id where g.id = $',
    ['generations', 'generation_outputs'],
  ],
  [
    'select from generation_outputs o join generations g on g.id = o.generation_id and g.workspace_id = o.workspace_id where g.workspace_id = $',
    [],
  ],
  [
    'select from generations g, generation_outputs o where g.workspace_id = $ and o.generation_id = g.id',
    ['generation_outputs'],
  ],
  [
    'select from generations g where g.workspace_id = $ and exists (select from generation_outputs o where o.generation_id = g.id)',
    ['generation_outputs'],
  ],
  [
    'select from generations g where g.workspace_id = $ and exists (select from generation_outputs o where o.workspace_id = g.workspace_id)',
    [],
  ],
  ['with a as (select id from generations where id = $) select from a', ['generations']],
  ['with a as (update generations set version = 1 where id = $ and workspace_id = $ returning id) select from a', []],
  [
    'with a as (delete from rehosts where generation_id = $ returning index) update generation_outputs set state = $ where workspace_id = $',
    ['rehosts'],
  ],
  [
    'update generation_outputs o set state = $ from rehosts r where r.generation_id = o.generation_id and o.workspace_id = $',
    ['rehosts'],
  ],
  [
    'delete from rehosts r using generation_outputs o where r.workspace_id = $ and o.index = r.index',
    ['generation_outputs'],
  ],
  ['insert into generation_jobs (generation_id) values ($)', ['generation_jobs']],
  ['insert into generation_jobs (workspace_id, generation_id) values ($, $)', []],
  [
    'insert into rehosts (workspace_id, generation_id) select workspace_id, generation_id from generation_outputs where index = $',
    ['generation_outputs'],
  ],
  [
    'select 1 from generations where workspace_id = $ union all select 1 from reference_images where id = $',
    ['reference_images'],
  ],
  ['select from generation_documents d where $', ['generation_documents']],
  ["select from generations where id = $ and prompt = 'and workspace_id = $'", ['generations']],
  ['select from generations where id = $ -- and workspace_id = $', ['generations']],
  [
    'select (select key from reference_images i where i.id = $) from generations g where g.workspace_id = $',
    ['reference_images'],
  ],
  ['select from generations g where g.id = $ and (g.workspace_id = $ or true)', ['generations']],
  ['select from generations g where g.id = $ or g.workspace_id = $', ['generations']],
  ['select from generations g where g.workspace_id = $ or g.id = $', ['generations']],
  ['select from generations g where not g.workspace_id = $', ['generations']],
  ['select from models where id = $', []],
] as const) {
  test(`${sql}: ${tables.join(', ') || 'bound'}`, () => {
    expect(findUnboundTables(sql)).toEqual([...tables])
  })
}

test('a statement is found in a template with parts, and a part is a statement of its own', () => {
  const inner = '\u0024{db`select from rehosts where \u0024{`a`} = 1`}'
  const source = `const a = db<{ b: string }[]>\`select from generations where \${f({ a: 1 })} and ${inner}\` // \`select from a\`\n`
  expect(readSqlTexts(source).map(({ text }) => text)).toEqual([
    'select from rehosts where $ = 1',
    'select from generations where $ and $',
  ])
  expect(readSqlTexts("db.unsafe('select from rehosts')\nconst quote = /'/\nconst b = `delete from rehosts`")).toEqual([
    { line: 1, text: 'select from rehosts' },
    { line: 3, text: 'delete from rehosts' },
  ])
})

async function readStatements() {
  const files = [...(await readRepository()).values()].filter(
    ({ path }) => REQUEST_CODE.test(path) && !TEST_FILE.test(path),
  )
  return files.flatMap(({ path, source }) => readSqlTexts(source).map(statement => ({ path, ...statement })))
}

async function findUnboundStatements() {
  const statements = await readStatements()
  return statements
    .map(({ text, ...where }) => ({ ...where, text: text.replace(/\s+/g, ' '), tables: findUnboundTables(text) }))
    .filter(({ tables }) => tables.length > 0)
}
