import { afterAll, beforeAll, expect, test } from 'bun:test'
import { openForeignDatabase, parseForeignAddress } from '@darkroom/infra/database/foreign-database'
import { PRISMA_TABLES, SNAKE_CASE_TABLES } from '@darkroom/infra/testing/data/other-systems'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import { createTables } from './create-tables.fixture.ts'
import { findTables } from './find-tables.ts'
import { parseTableMap } from './table-map.ts'

const stack = new AsyncDisposableStack()
let url: string

beforeAll(async () => {
  url = stack.use(await createTestDatabase()).url
  await createTables(url, 'prisma', PRISMA_TABLES)
  await createTables(url, 'snake', SNAKE_CASE_TABLES)
  await createTables(
    url,
    'odd',
    'create table "AI Images" (nr bigint, "the text" text, made date, files json, "ID" text)',
  )
  await createTables(url, 'twice', 'create table "Generation" (id int); create table generations (id int)')
  await createTables(
    url,
    'nameless',
    'create table generations (nr int, prompt text); create table users (id int); create table profiles (id int)',
  )
  await createTables(url, 'empty', '')
})
afterAll(() => stack.disposeAsync())

const ODD =
  '{"generations":{"table":"AI Images","columns":{"id":"nr","prompt":"the text","createdAt":"made","outputs":"files"}}}'

test.each([
  [
    'prisma',
    '{}',
    'Generation: id modelId prompt negativePrompt parameters status seed parentId createdAt deletedAt userId',
  ],
  ['snake', '{}', 'generations: id model prompt params state media_type error_message created_at completed_at outputs'],
  ['prisma', '{"outputs":null,"generations":{"columns":{"seed":null,"model":"cost"}}}', 'Generation: id cost prompt'],
  ['public', ODD.replace('{', '{"schema":"odd",'), 'AI Images: nr the text made files'],
  ['odd', '{}', /^No table is called Generation or generations. There are AI Images: name one with --map/],
  ['nameless', '{}', /^the table generations has no column for id that may be read: name it with --map$/],
  ['nameless', '{"generations":{"columns":{"id":"nr"}}}', 'generations: nr prompt'],
  ['twice', '{}', /^Generation and generations could both be the table of generations/],
  ['empty', '{}', /^The search path of this user has no table/],
  [
    'prisma',
    '{"generations":{"columns":{"model":"none"}}}',
    /^the map: generations.columns.model: the table Generation has no/,
  ],
  ['prisma', '{"users":{"table":"Person"}}', /^the map: users.table: there is no table Person/],
  [
    'prisma',
    '{"generations":{"columns":{"colour":"x"}}}',
    /^the map: generations.columns: colour is none of id, prompt/,
  ],
  ['prisma', '{"tables":{}}', /^the map: the file: tables is not known here$/],
  ['prisma', '{"generations":{"table":7}}', /^the map: generations.table: is not the name of a table or column$/],
  ['prisma', '[', /^the map is not JSON$/],
] as [schema: string, map: string, found: string | RegExp][])(
  'finds the tables in %s with the map %s',
  async (schema, map, expected) => {
    await using database = await open(schema)
    const found = await find(database, map)
    if (expected instanceof RegExp) expect(found).toMatch(expected)
    else expect(found.split(' ').toSorted()).toEqual(expect.arrayContaining(expected.split(' ')))
  },
)

test.each([
  ['postgres://user:secret@127.0.0.1:1/none', /ECONNREFUSED/],
  ['mysql://user:secret@host/db', /not that of a Postgres database/],
  ['postgres://user:secret@host/db?sslmode=maybe', /^sslmode is one of disable, /],
  ['postgres://user:secret%@127.0.0.1:1/none', /write them as %23 and %25 in a password$/],
  ['postgres://user:1#secret@127.0.0.1:1/none', /write them as %23 and %25 in a password$/],
  ['secret', /not that of a Postgres database/],
])('says why %s cannot be read, without its password', async (address, message) => {
  const error = await open('public', address).then(
    () => new Error('it was opened'),
    reason => reason as Error,
  )
  expect(error.message).toMatch(message)
  expect(error.message).not.toContain('secret')
})

test('reads in one transaction that cannot write, and goes on after a statement that fails', async () => {
  await using database = await open('prisma', `${url}?schema=prisma&connection_limit=1&pgbouncer=true&sslmode=prefer`)
  await expect(database.tryQuery('delete from "User"')).rejects.toMatchObject({ code: '25006' })
  await expect(database.tryQuery('select 1/0')).rejects.toMatchObject({ code: '22012' })
  expect(await database.query('select current_schema()::text as schema')).toEqual([{ schema: 'prisma' }])
})

async function open(schema: string, address = `${url}?schema=${schema}`) {
  return await openForeignDatabase(parseForeignAddress(address), { name: 'test', signal: new AbortController().signal })
}

async function find(database: Awaited<ReturnType<typeof open>>, map: string): Promise<string> {
  try {
    const { generations } = await findTables(database, parseTableMap(map))
    return `${generations.name}: ${[...generations.columns.values()].map(({ name }) => name).join(' ')}`
  } catch (error) {
    return (error as Error).message
  }
}
