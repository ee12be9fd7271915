import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { createLog } from '@darkroom/infra/log'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { insertRows } from '../rows.fixture.ts'
import { selectCount } from './count.ts'
import { isSearchCommon, type ListFilter } from './filter-conditions.ts'
import { ListParameters, parseListQuery } from './list-parameters.ts'
import { selectRows } from './list-rows.ts'
import { isPlainSearch, selectNewestFound } from './newest-found.ts'
import type { Search } from './search.ts'
import { selectTimeline } from './timeline.ts'

/** Query plans of the list: each query walks an index in its order, and none scans a whole table. */

const WAIT_MS = 60_000
const ROWS = 6_000
const WORKSPACE = crypto.randomUUID()
const CURSOR = { createdAt: '2026-01-01T00:00:00.000000Z', id: crypto.randomUUID() }
const stack = new AsyncDisposableStack()
let sql: Database
/** The pool of pages without filters: one connection, so that its prepared statements can be looked at. */
let pages: Database

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  const log = createLog({ service: 'test', level: 'silent' })
  sql = openDatabase({ url, name: 'test', log })
  stack.defer(() => sql.end({ timeout: 1 }))
  pages = openDatabase({ url, name: 'test', connections: 1, plans: 'generic', log })
  stack.defer(() => pages.end({ timeout: 1 }))
  await insertRows(sql, WORKSPACE, ROWS)
  await insertRows(sql, crypto.randomUUID(), ROWS)
  // A vacuum beside an automatic one finds that somebody may still see older rows, and leaves the index without its map of pages.
  await waitFor('the visibility map', WAIT_MS, async () => {
    await sql`vacuum generation_documents`
    const [table] = await sql<{ isVisible: boolean }[]>`
      select relpages > 0 and relallvisible >= relpages as "isVisible" from pg_class
      where oid = 'generation_documents'::regclass`
    return table?.isVisible === true
  })
  const [middle] = await sql<{ at: string }[]>`
    select timestamp_text(created_at) as at from generation_documents where workspace_id = ${WORKSPACE}
    order by created_at offset ${ROWS / 2} limit 1`
  CURSOR.createdAt = middle?.at ?? CURSOR.createdAt
})
afterAll(() => stack.disposeAsync())

const ONE_INDEX: [string, Record<string, string>, string][] = [
  ['nothing', {}, 'newest'],
  ['a status', { status: 'failed' }, 'status'],
  ['the usual status', { status: 'completed' }, '(newest|status)'],
  ['a kind', { kind: 'video' }, 'kind'],
  ['a model', { model: 'rare' }, 'model'],
  ['favourites', { favourite: 'true' }, 'favourite'],
  ['references', { references: 'true' }, 'references'],
  ['the trash', { trash: 'true' }, 'trash'],
]

for (const [name, parameters, index] of ONE_INDEX) {
  for (const direction of ['older', 'newer'] as const) {
    for (const cursor of [null, CURSOR]) {
      const start = cursor ? 'from a cursor' : 'from the end'
      test(`filters by ${name}, ${direction} ${start}, with one index in its order and no more rows than a page`, async () => {
        const nodes = await explainList(parameters, { direction, cursor })
        expect(nodes.map(node => node['Node Type'])).toEqual(['Limit', 'Index Scan'])
        expect(nodes[1]?.['Index Name']).toMatch(new RegExp(`^generation_documents_${index}$`))
        const removed = nodes[1]?.['Rows Removed by Filter'] ?? 0
        expect([(nodes[1]?.['Actual Rows'] ?? 99) <= 51, removed < 10]).toEqual([true, true])
      })
    }
  }
}

test('reads a page without filters with one index, by a plan for any values', async () => {
  const source = { filter: parseTestFilter({}), includeParameters: false }
  for (const direction of ['older', 'newer'] as const) {
    for (const cursor of [null, CURSOR]) {
      await selectRows(pages, source, { direction, cursor, inclusive: false, limit: 51 })
      const [prepared] = await pages<{ name: string; count: number }[]>`
        select name, generic_plans::int as count from pg_prepared_statements
        where statement like '%d.document%from generation_documents d%' and statement not like '%pg_prepared%' order by prepare_time desc limit 1`
      expect(prepared?.count).toBeGreaterThan(0)
      const given = [WORKSPACE, ...(cursor ? [cursor.createdAt, cursor.id] : []), '51'].map(text => `'${text}'`)
      const statement = `explain (analyze, format json) execute "${prepared?.name}" (${given.join(', ')})`
      const nodes = await explain(pages.unsafe(statement))
      expect(nodes.map(node => node['Node Type'])).toEqual(['Limit', 'Index Scan'])
      expect([nodes[1]?.['Index Name'], nodes[1]?.['Rows Removed by Filter'] ?? 0]).toEqual([
        'generation_documents_newest',
        0,
      ])
    }
  }
})

test('combines filters and words without a sequential scan or a read of raw parameters', async () => {
  const queries: Record<string, string>[] = [
    { status: 'failed', kind: 'video' },
    { status: 'queued,processing,uploading' },
    { model: 'rare', favourite: 'true', references: 'true' },
    { q: '"number 17"' },
    { q: '"number 17" a', status: 'completed', kind: 'image' },
    { trash: 'true', q: '42' },
    { parent: crypto.randomUUID() },
    { parent: crypto.randomUUID(), kind: 'image', q: '"number 17"' },
    { ids: `${crypto.randomUUID()},${crypto.randomUUID()}`, favourite: 'true' },
    { from: '2020-01-01', to: '2030-01-01', zone: 'Europe/Berlin', status: 'failed' },
    { model: 'rare,demo', status: 'failed', to: '2030-01-01T00:00:00+02:00' },
  ]
  for (const parameters of queries) {
    for (const isCommon of [false, true]) {
      const nodes = await explainList(parameters, { direction: 'older', cursor: CURSOR }, isCommon)
      expect([parameters, nodes.filter(node => node['Node Type'] === 'Seq Scan')]).toEqual([parameters, []])
      expect([parameters, getRelations(nodes).includes('generation_raw')]).toEqual([parameters, false])
    }
  }
})

test('reads of several models the first rows of each, and no more', async () => {
  for (const cursor of [null, CURSOR]) {
    const nodes = await explainList({ model: 'rare,nothing,rare' }, { direction: 'older', cursor })
    const scans = nodes.filter(node => node['Relation Name'] === 'generation_documents')
    expect(scans.map(node => node['Index Name'])).toEqual(['generation_documents_model'])
    expect(scans[0]?.['Actual Loops']).toBe(2)
  }
})

test('reads of a range of days the rows of a page', async () => {
  const day = CURSOR.createdAt.slice(0, 10)
  for (const direction of ['older', 'newer'] as const) {
    const nodes = await explainList({ from: day, to: day, zone: 'Asia/Tokyo' }, { direction, cursor: null })
    expect(nodes.map(node => node['Index Name'])).toEqual([undefined, 'generation_documents_newest'])
    expect(nodes[1]?.['Rows Removed by Filter'] ?? 0).toBe(0)
  }
})

test('looks rare words up, and tests common ones while walking the list', async () => {
  const rare = await explainList({ q: 'number' }, { direction: 'older', cursor: null }, false)
  expect(rare.map(node => node['Index Name'])).toContain('generation_documents_pkey')
  const common = await explainList({ q: 'number' }, { direction: 'older', cursor: null }, true)
  expect(common.map(node => node['Index Name'])).toEqual([
    undefined,
    'generation_documents_newest',
    'generation_words_pkey',
  ])
})

test('estimates whether words are common from the index of words', async () => {
  const isCommon = (search: Search) => isSearchCommon(sql, WORKSPACE, search)
  expect(await isCommon({ prefixes: ['number'], phrases: [] })).toBe(true)
  expect(await isCommon({ prefixes: [], phrases: ['number 4242'] })).toBe(false)
  expect(await isCommon({ prefixes: ['nowhere'], phrases: [] })).toBe(false)
  const nodes = await sql.begin(async tx => {
    await tx`set local enable_seqscan to off`
    return await explain(tx`
      explain (analyze, format json)
      select generation_id from generation_words
      where indexed_words(workspace_id, words) @@ indexed_query(${WORKSPACE}, 'number & 4242') and workspace_id = ${WORKSPACE} limit 1000`)
  })
  expect(nodes.map(node => node['Index Name'])).toContain('generation_words_words')
})

test('reads of a search the rows of a page, and of the words and their index a small part', async () => {
  // Words that every row has, that few or none have, and both together.
  for (const q of ['number', '"number 4242"', 'number 4242', 'a prompt nowhere', 'n 424']) {
    const query = parseListQuery(ListParameters.parse({ q }), WORKSPACE)
    if (!isPlainSearch(query)) throw new Error('a search has a filter')
    // The first one of a connection reads the catalogue as well.
    await selectNewestFound(sql, query)
    const [row] = await sql<
      { 'QUERY PLAN': [{ Plan: { 'Shared Hit Blocks': number; 'Shared Read Blocks': number } }] }[]
    >`
      explain (analyze, buffers, format json) ${selectNewestFound(sql, query)}`
    const plan = row?.['QUERY PLAN'][0].Plan
    const blocks = (plan?.['Shared Hit Blocks'] ?? 0) + (plan?.['Shared Read Blocks'] ?? 0)
    expect([q, blocks < 300]).toEqual([q, true])
  }
})

test('reads raw parameters for the rows of the page only', async () => {
  const nodes = await explainList({ includeParameters: 'true' }, { direction: 'older', cursor: null })
  const raw = nodes.filter(node => node['Relation Name'] === 'generation_raw')
  expect(raw.map(node => [node['Node Type'], node['Actual Loops']])).toEqual([['Index Scan', 51]])
})

const INDEX_ONLY: Record<string, string>[] = [
  {},
  { status: 'completed', kind: 'image' },
  { favourite: 'false', references: 'false', model: 'demo,rare' },
  { from: '2020-01-01', to: '2100-01-01', zone: 'Asia/Tokyo' },
]

for (const parameters of INDEX_ONLY) {
  test(`reads count and timeline from an index only: ${JSON.stringify(parameters)}`, async () => {
    const filter = parseTestFilter(parameters)
    for (const statement of [selectCount(sql, filter), selectTimeline(sql, filter, 'UTC')]) {
      const nodes = await explain(sql`explain (analyze, format json) ${statement}`)
      const scans = nodes.filter(node => node['Relation Name'] === 'generation_documents')
      expect(scans.map(node => node['Node Type'])).toEqual(Array.from(scans, () => 'Index Only Scan'))
      expect(scans.length).toBeGreaterThan(0)
    }
  })
}

test('counts what is looked up, by words, ids or parent, without a sequential scan', async () => {
  for (const parameters of [{ q: '"number 17"' }, { ids: crypto.randomUUID() }, { parent: crypto.randomUUID() }]) {
    const filter = parseTestFilter(parameters)
    for (const statement of [selectCount(sql, filter), selectTimeline(sql, filter, 'Europe/Berlin')]) {
      const nodes = await explain(sql`explain (analyze, format json) ${statement}`)
      expect([parameters, nodes.filter(node => node['Node Type'] === 'Seq Scan')]).toEqual([parameters, []])
    }
  }
})

test('counts common words in one pass, without a look-up of each row', async () => {
  const filter = parseTestFilter({ q: 'number' }, true)
  for (const statement of [selectCount(sql, filter), selectTimeline(sql, filter, 'UTC')]) {
    const nodes = await explain(sql`explain (analyze, format json) ${statement}`)
    const types = nodes.map(node => node['Node Type'])
    expect([types.includes('Hash Join'), types.includes('Seq Scan')]).toEqual([true, false])
  }
})

interface PlanNode {
  'Node Type': string
  'Index Name'?: string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  Plans?: PlanNode[]
}

async function explainList(
  parameters: Record<string, string>,
  range: { direction: 'older' | 'newer'; cursor: typeof CURSOR | null },
  isCommon = false,
): Promise<PlanNode[]> {
  const { includeParameters } = ListParameters.parse(parameters)
  const source = { filter: parseTestFilter(parameters, isCommon), includeParameters }
  const rows = selectRows(sql, source, { ...range, inclusive: false, limit: 51 })
  return await explain(sql`explain (analyze, format json) ${rows}`)
}

function parseTestFilter(parameters: Record<string, string>, isCommon = false): ListFilter {
  const { filter, search } = parseListQuery(ListParameters.parse(parameters), WORKSPACE)
  return { ...filter, search: search && { ...search, isCommon } }
}

async function explain(query: PromiseLike<readonly object[]>): Promise<PlanNode[]> {
  const [row] = (await query) as { 'QUERY PLAN': [{ Plan: PlanNode }] }[]
  return row ? flattenPlan(row['QUERY PLAN'][0].Plan) : []
}

function flattenPlan(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flattenPlan)]
}

function getRelations(nodes: readonly PlanNode[]): string[] {
  return nodes.flatMap(node => node['Relation Name'] ?? [])
}
