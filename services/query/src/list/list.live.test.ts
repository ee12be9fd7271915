import { afterAll, beforeAll, expect, test } from 'bun:test'
import { GenerationPage } from '@darkroom/contracts/generation'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { createLog } from '@darkroom/infra/log'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import fc from 'fast-check'
import { insertRow, type RowOverrides } from '../rows.fixture.ts'
import { listPage } from './list.ts'
import { ListParameters, parseListQuery } from './list-parameters.ts'

// On a busy machine the first start of Postgres is slow.
const START_MS = 60_000
const stack = new AsyncDisposableStack()
let sql: Database

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  sql = openDatabase({ url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  stack.defer(() => sql.end({ timeout: 1 }))
}, START_MS)
afterAll(() => stack.disposeAsync())

test('returns a null cursor at either end of the list', async () => {
  const workspace = await createWorkspace(5)
  const [newest] = [await fetchPage(workspace.id, { limit: '2' })]
  expect([getIds(newest), newest.previousCursor]).toEqual([workspace.ids.slice(0, 2), null])
  const middle = await fetchPage(workspace.id, { limit: '2', cursor: newest.nextCursor })
  expect([getIds(middle), middle.previousCursor === null]).toEqual([workspace.ids.slice(2, 4), false])
  const oldest = await fetchPage(workspace.id, { limit: '2', cursor: middle.nextCursor })
  expect([getIds(oldest), oldest.nextCursor]).toEqual([workspace.ids.slice(4), null])
  const back = await fetchPage(workspace.id, { limit: '2', cursor: oldest.previousCursor, direction: 'newer' })
  expect([getIds(back), back.previousCursor === null]).toEqual([workspace.ids.slice(2, 4), false])
  const start = await fetchPage(workspace.id, { limit: '3', direction: 'newer' })
  expect([getIds(start), start.nextCursor]).toEqual([workspace.ids.slice(2), null])
  const empty = await fetchPage(crypto.randomUUID(), {})
  expect(empty).toEqual({ generations: [], nextCursor: null, previousCursor: null })
})

test('centers a page around a generation, with cursors both ways', async () => {
  const workspace = await createWorkspace(9)
  for (const [at, id] of workspace.ids.entries()) {
    const around = await fetchPage(workspace.id, { limit: '4', around: id })
    const from = Math.max(0, at - 2)
    expect([at, getIds(around)]).toEqual([at, workspace.ids.slice(from, from + 4)])
    expect(around.previousCursor === null).toBe(from === 0)
    expect(around.nextCursor === null).toBe(from + 4 >= 9)
  }
  const [only] = workspace.ids.slice(4)
  expect(getIds(await fetchPage(workspace.id, { limit: '1', around: only }))).toEqual([only as string])
  await expect(fetchPage(workspace.id, { around: crypto.randomUUID() })).rejects.toThrow('no such generation')
  await expect(fetchPage(crypto.randomUUID(), { around: only })).rejects.toThrow('no such generation')
})

test('centers a page around a time', async () => {
  const workspace = await createWorkspace(6, index => ({ createdAt: `2026-03-0${6 - index}T12:00:00.000001Z` }))
  const at = async (time: string) => getIds(await fetchPage(workspace.id, { limit: '2', at: time }))
  expect(await at('2026-03-04')).toEqual(workspace.ids.slice(2, 4))
  expect(await at('2026-03-04T12:00:00Z')).toEqual(workspace.ids.slice(2, 4))
  expect(await at('2026-03-04T12:00:01Z')).toEqual(workspace.ids.slice(1, 3))
  expect(await at('2026-03-04T23:00:00+09:00')).toEqual(workspace.ids.slice(1, 3))
  expect(await at('1990-01-01')).toEqual(workspace.ids.slice(5))
  expect(await at('2100-01-01')).toEqual(workspace.ids.slice(0, 2))
})

test('applies each filter alone and combined', async () => {
  const rows: RowOverrides[] = [
    {},
    { status: 'failed' },
    { status: 'cancelled', kind: 'video' },
    { model: 'other' },
    { favourite: true },
    { favourite: true, model: 'other', reference: 'https://example.com/a.png' },
    { deleted: true },
    { deleted: true, status: 'failed' },
  ]
  const workspace = await createWorkspace(rows.length, index => rows[index] ?? {})
  const seen = async (parameters: Record<string, string>) =>
    getIds(await fetchPage(workspace.id, parameters)).map(id => workspace.ids.indexOf(id))
  expect(await seen({})).toEqual([0, 1, 2, 3, 4, 5])
  expect(await seen({ status: 'failed' })).toEqual([1])
  expect(await seen({ status: 'failed,cancelled' })).toEqual([1, 2])
  expect(await seen({ kind: 'video' })).toEqual([2])
  expect(await seen({ model: 'other' })).toEqual([3, 5])
  expect(await seen({ favourite: 'true' })).toEqual([4, 5])
  expect(await seen({ favourite: 'false' })).toEqual([0, 1, 2, 3])
  expect(await seen({ references: 'true' })).toEqual([5])
  expect(await seen({ references: 'false', favourite: 'true' })).toEqual([4])
  expect(await seen({ trash: 'true' })).toEqual([6, 7])
  expect(await seen({ trash: 'true', status: 'failed' })).toEqual([7])
  expect(await seen({ model: 'other', favourite: 'true', q: 'prompt' })).toEqual([5])
})

test('finds words by prefix and phrases word for word, in any script', async () => {
  const prompts = [
    'A red fox, in the SNOW; f/1.4 at dawn',
    'The fox is red. Snowfall over foxgloves',
    'Ein Bär im Schneegestöber – Übermut',
    '雪の中の狐',
    'red-fox study no. 12',
  ]
  const workspace = await createWorkspace(prompts.length, index => ({
    prompt: prompts[index] ?? '',
    model: index === 4 ? 'flux-pro' : 'demo',
  }))
  const found = async (q: string) => getIds(await fetchPage(workspace.id, { q })).map(id => workspace.ids.indexOf(id))
  const expected: [string, number[]][] = [
    ['fox', [0, 1, 4]],
    ['FOX snow', [0, 1]],
    ['sno', [0, 1]],
    ['"red fox"', [0, 4]],
    ['"red fox" snow', [0]],
    ['"fox is"', [1]],
    ['"red f', [0, 4]],
    ['red-f', [0, 4]],
    ['1.4', [0]],
    ['bär', [2]],
    ['BÄR übermut', [2]],
    ['雪', [3]],
    ['flux', [4]],
    ['12', [4]],
    ['ox', []],
    ['"fo"', []],
    ['!!!', []],
    ["fox' & | ! <-> :* \\", [0, 1, 4]],
    ['  ', [0, 1, 2, 3, 4]],
    ['""', [0, 1, 2, 3, 4]],
  ]
  for (const [q, ids] of expected) expect([q, await found(q)]).toEqual([q, ids])
})

test('accepts any text as a search', async () => {
  const workspace = await createWorkspace(2)
  const inputs = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: fc.constantFrom(...'"\'\\!&|<>:*() ab') }),
  )
  await fc.assert(
    fc.asyncProperty(inputs, async q => {
      if (ListParameters.safeParse({ q }).success)
        expect((await fetchPage(workspace.id, { q })).generations.length).toBeLessThan(3)
    }),
    { numRuns: 200 },
  )
})

test('returns each row that exists throughout exactly once while others write', async () => {
  const scenarios = fc.record({
    direction: fc.constantFrom('older' as const, 'newer' as const),
    limit: fc.integer({ min: 1, max: 7 }),
    // Writes between two pages: a new row at some time, or a row that is moved to the trash.
    writes: fc.array(fc.oneof(fc.record({ insert: fc.nat(40) }), fc.record({ remove: fc.nat(20) })), { maxLength: 30 }),
  })
  await fc.assert(
    fc.asyncProperty(scenarios, async ({ direction, limit, writes }) => {
      const workspace = await createWorkspace(20, index => ({ createdAt: timeAt(Math.floor(index / 3)) }))
      const [pendingWrites, removed, seen] = [[...writes], new Set<string>(), [] as string[]]
      let cursor: string | null = null
      do {
        const writing = Promise.all(
          pendingWrites.splice(0, 3).map(write => applyConcurrentWrite(workspace, write, removed)),
        )
        const read: GenerationPage = await fetchPage(workspace.id, { limit: String(limit), direction, cursor })
        await writing
        seen.push(...getIds(read))
        cursor = direction === 'older' ? read.nextCursor : read.previousCursor
      } while (cursor)
      expect(new Set(seen).size).toBe(seen.length)
      const untouched = workspace.ids.filter(id => !removed.has(id))
      expect(untouched.filter(id => !seen.includes(id))).toEqual([])
    }),
    { numRuns: 25 },
  )
}, 60_000)

async function applyConcurrentWrite(
  workspace: { id: string; ids: string[] },
  write: { insert: number } | { remove: number },
  removed: Set<string>,
): Promise<void> {
  if ('insert' in write) {
    await insertRow(sql, workspace.id, { createdAt: timeAt(write.insert / 4) })
    return
  }
  const id = workspace.ids[write.remove % workspace.ids.length] ?? ''
  removed.add(id)
  await sql`update generations set deleted_at = now(), version = version + 1 where id = ${id}`
}

/** Inserts `count` generations into a new workspace. @returns their ids, newest first */
async function createWorkspace(count: number, overrides: (index: number) => RowOverrides = () => ({})) {
  const id = crypto.randomUUID()
  const rows = Array.from({ length: count }, (_, index) => ({
    id: Bun.randomUUIDv7(),
    createdAt: timeAt(index),
    ...overrides(index),
  }))
  await Promise.all(rows.map(row => insertRow(sql, id, row)))
  const newestFirst = (a: (typeof rows)[number], b: typeof a) =>
    b.createdAt.localeCompare(a.createdAt) || (a.id < b.id ? 1 : -1)
  return { id, ids: rows.toSorted(newestFirst).map(row => row.id) }
}

function timeAt(index: number): string {
  return new Date(Date.UTC(2026, 0, 1) - index * 60_000).toISOString().replace('Z', '001Z')
}

async function fetchPage(
  workspaceId: string,
  parameters: Record<string, string | null | undefined>,
): Promise<GenerationPage> {
  const given = Object.fromEntries(Object.entries(parameters).filter(([, value]) => typeof value === 'string'))
  const text = await listPage(sql, parseListQuery(ListParameters.parse(given), workspaceId))
  return GenerationPage.parse(JSON.parse(text))
}

function getIds(page: GenerationPage): string[] {
  return page.generations.map(generation => generation.id)
}
