import { afterAll, beforeAll, expect, test } from 'bun:test'
import { GenerationPage } from '@darkroom/contracts/generation'
import { GenerationCount } from '@darkroom/contracts/history/library'
import { Timeline } from '@darkroom/contracts/history/timeline'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { createLog } from '@darkroom/infra/log'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import fc from 'fast-check'
import { insertRow, type RowOverrides } from '../rows.fixture.ts'
import { countGenerations, selectCount } from './count.ts'
import { FilterParameters, parseFilter } from './filter-parameters.ts'
import { listPage } from './list.ts'
import { ListParameters, parseListQuery } from './list-parameters.ts'
import { readTimeline, selectTimeline } from './timeline.ts'

const stack = new AsyncDisposableStack()
let sql: Database

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  sql = openDatabase({ url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  stack.defer(() => sql.end({ timeout: 1 }))
})
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

test('filters by several models, ids and dates, also combined', async () => {
  const rows: RowOverrides[] = [
    { createdAt: '2026-03-05T22:30:00Z', model: 'a' },
    { createdAt: '2026-03-04T23:30:00Z', model: 'b', favourite: true },
    { createdAt: '2026-03-04T22:30:00Z', model: 'a' },
    { createdAt: '2026-03-03T12:00:01Z', model: 'c' },
    { createdAt: '2026-03-03T12:00:00Z', model: 'b', deleted: true },
    { createdAt: '2026-03-02T12:00:00Z', model: 'b', prompt: 'a fox, in the snow' },
  ]
  const workspace = await createWorkspace(rows.length, index => rows[index] ?? {})
  const seen = async (parameters: Record<string, string>) =>
    getIds(await fetchPage(workspace.id, parameters)).map(id => workspace.ids.indexOf(id))
  expect(await seen({ model: 'a,b' })).toEqual([0, 1, 2, 5])
  expect(await seen({ model: 'b,b,nothing' })).toEqual([1, 5])
  expect(await seen({ model: 'a,b', direction: 'newer', limit: '2' })).toEqual([2, 5])
  expect(await seen({ model: 'b,c', q: 'fox, snow' })).toEqual([5])
  expect(await seen({ ids: `${workspace.ids[3]},${workspace.ids[0]},${workspace.ids[4]}` })).toEqual([0, 3])
  expect(await seen({ from: '2026-03-04' })).toEqual([0, 1, 2])
  expect(await seen({ to: '2026-03-04' })).toEqual([1, 2, 3, 5])
  expect(await seen({ from: '2026-03-04', to: '2026-03-04' })).toEqual([1, 2])
  expect(await seen({ from: '2026-03-05', to: '2026-03-05', zone: 'Europe/Berlin' })).toEqual([0, 1])
  expect(await seen({ to: '2026-03-03T12:00:00Z' })).toEqual([5])
  expect(await seen({ from: '2026-03-03T13:00:00+01:00', to: '2026-03-05' })).toEqual([0, 1, 2, 3])
  expect(await seen({ from: '2026-03-06', to: '2026-03-01' })).toEqual([])
  expect(await seen({ trash: 'true', model: 'a,b', to: '2026-03-03' })).toEqual([4])
  await expect(seen({ from: '2026-03-04', zone: 'Nowhere/Land' })).rejects.toThrow('zone is not a time zone')
})

test('finds the children of a generation', async () => {
  const workspace = await createWorkspace(1)
  const [parent = ''] = workspace.ids
  const verbs = ['again', 'edit', 'upscale']
  const children = await Promise.all(verbs.map(verb => insertRow(sql, workspace.id, { parent: { id: parent, verb } })))
  await insertRow(sql, workspace.id, { parent: { id: parent, verb: 'again' }, deleted: true })
  for (const [of, id] of [
    [workspace.id, crypto.randomUUID()],
    [crypto.randomUUID(), parent],
  ] as const) {
    const insertion = insertRow(sql, of, { parent: { id, verb: 'again' } })
    await expect(insertion).rejects.toThrow('generations_parent_key')
  }
  const page = await fetchPage(workspace.id, { parent })
  expect(getIds(page).toSorted()).toEqual(children.toSorted())
  expect(page.generations.map(child => child.parent?.generationId)).toEqual([parent, parent, parent])
  expect((await fetchPage(workspace.id, { parent, trash: 'true' })).generations).toHaveLength(1)
})

test('pages with every filter, also around a generation that the filter leaves out', async () => {
  const overrides = (index: number): RowOverrides => ({
    ...{ model: 'abc'[index % 3] ?? '', status: index % 2 ? 'failed' : 'completed', favourite: index % 4 === 0 },
    prompt: index % 5 === 0 ? 'a quiet harbour' : 'a loud street',
  })
  const workspace = await createWorkspace(40, overrides)
  const day = new Date(timeAt(0)).toISOString().slice(0, 10)
  const filters: Record<string, string>[] = [
    { model: 'a,c' },
    { status: 'failed' },
    { favourite: 'true', model: 'a,b' },
    { q: 'harbour' },
    { from: timeAt(30), to: day },
    { ids: workspace.ids.filter((_, index) => index % 3 > 0).join(',') },
  ]
  for (const filter of filters) {
    const all = getIds(await fetchPage(workspace.id, { ...filter, limit: '100' }))
    expect([all.length > 3, all.length < 40]).toEqual([true, true])
    const older: string[] = []
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page: GenerationPage = await fetchPage(workspace.id, { ...filter, limit: '3', cursor })
      older.push(...getIds(page))
      cursor = page.nextCursor
    }
    expect([filter, older]).toEqual([filter, all])
    for (const around of workspace.ids.slice(10, 14)) {
      const page = await fetchPage(workspace.id, { ...filter, around, limit: '4' })
      const at = all.filter(id => workspace.ids.indexOf(id) < workspace.ids.indexOf(around)).length
      const from = Math.max(0, at - 2)
      expect([filter, getIds(page)]).toEqual([filter, all.slice(from, from + 4)])
    }
  }
})

test('counts generations and the outputs that can be shown, as a whole and by day', async () => {
  const rows: RowOverrides[] = [
    { createdAt: '2026-03-05T22:30:00Z', outputs: ['stored', 'temporary', 'lost'] },
    { createdAt: '2026-03-04T12:00:00Z', outputs: ['stored', 'failed'], model: 'a' },
    { createdAt: '2026-03-04T11:00:00Z', outputs: ['failed'], status: 'failed', prompt: 'a quiet harbour' },
    { createdAt: '2026-03-04T10:00:00Z', outputs: ['stored'], deleted: true },
  ]
  const workspace = await createWorkspace(rows.length, index => rows[index] ?? {})
  const [id = ''] = workspace.ids
  const count = async (parameters: Record<string, string>) => {
    const query = parseFilter(FilterParameters.parse(parameters), workspace.id)
    const total = GenerationCount.parse(JSON.parse(await countGenerations({ database: sql, trashDays: 30 }, query)))
    const zone = parameters.zone ?? 'UTC'
    const { days } = Timeline.parse(JSON.parse(await readTimeline(sql, { ...query, zone })))
    expect(days.reduce((sum, day) => sum + day.count, 0)).toBe(total.generations)
    return [total.generations, total.outputs, days.map(({ day, count }) => `${day.slice(-2)}: ${count}`).join(', ')]
  }
  expect(await count({})).toEqual([3, 3, '05: 1, 04: 2'])
  expect(await count({ zone: 'Asia/Tokyo' })).toEqual([3, 3, '06: 1, 04: 2'])
  expect(await count({ status: 'completed' })).toEqual([2, 3, '05: 1, 04: 1'])
  expect(await count({ model: 'a,b' })).toEqual([1, 1, '04: 1'])
  expect(await count({ q: 'harbour' })).toEqual([1, 0, '04: 1'])
  expect(await count({ ids: id })).toEqual([1, 2, '05: 1'])
  expect(await count({ trash: 'true' })).toEqual([1, 1, '04: 1'])
  expect(await count({ from: '2026-03-05', to: '2026-03-05' })).toEqual([1, 2, '05: 1'])
  expect(await count({ q: 'nowhere' })).toEqual([0, 0, ''])
  // As an older version has written them.
  await sql`update generation_documents set shown_outputs = null where workspace_id = ${workspace.id}`
  expect(await count({})).toEqual([3, 3, '05: 1, 04: 2'])
  const query = parseFilter(FilterParameters.parse({ q: 'harbour' }), workspace.id)
  const common = { ...query.filter, search: { prefixes: ['a'], phrases: [], isCommon: true } }
  expect([...(await selectCount(sql, common))]).toEqual([{ generations: 3, outputs: 3 }])
  expect((await selectTimeline(sql, common, 'UTC'))[0]?.days).toContain('"2026-03-04"')
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
})

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
  const text = await listPage({ database: sql, pages: sql }, parseListQuery(ListParameters.parse(given), workspaceId))
  return GenerationPage.parse(JSON.parse(new TextDecoder().decode(text)))
}

function getIds(page: GenerationPage): string[] {
  return page.generations.map(generation => generation.id)
}
