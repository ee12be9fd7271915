import { expect, test } from 'bun:test'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { createLog } from '@darkroom/infra/log'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import { insertRows } from '../rows.fixture.ts'
import { selectCount } from './count.ts'
import { isSearchCommon } from './filter-conditions.ts'
import { ListParameters, parseListQuery } from './list-parameters.ts'
import { selectRows } from './list-rows.ts'
import { isPlainSearch, selectNewestFound } from './newest-found.ts'
import { selectTimeline } from './timeline.ts'

/** The cost of a list, which does not depend on other workspaces: its time would show that they are there. */

const WORKSPACE = crypto.randomUUID()
const ROWS = 140
const OTHER_ROWS = 5_000

/** Filters of lists in which other workspaces have many rows. */
const FILTERS: Record<string, string>[] = [
  { q: 'number' },
  { q: 'n' },
  { q: '"a prompt number"' },
  { q: '"number 17"' },
  { q: 'nowhere' },
  { q: 'number', status: 'failed', kind: 'image' },
  {},
  { status: 'failed' },
  { kind: 'video', model: 'demo,rare' },
  { favourite: 'true', references: 'true' },
  { trash: 'true' },
  { from: '2020-01-01', to: '2100-01-01', zone: 'Asia/Tokyo' },
  { parent: crypto.randomUUID() },
  { ids: crypto.randomUUID() },
]

test('reads as much for a workspace when another has many times its rows and the same words', async () => {
  await using database = await createTestDatabase()
  const log = createLog({ service: 'test', level: 'silent' })
  const sql = openDatabase({ url: database.url, name: 'test', log })
  await using stack = new AsyncDisposableStack()
  stack.defer(() => sql.end({ timeout: 1 }))
  await insertRows(sql, WORKSPACE, ROWS)
  await vacuum(sql)
  const alone = await countBlocks(sql)
  await insertRows(sql, crypto.randomUUID(), OTHER_ROWS)
  await vacuum(sql)
  const blocks = await countBlocks(sql)
  // An index with more rows has a level more; the rows of the other would be several hundred blocks.
  const risen = [...blocks].filter(([statement, count]) => count > 2 * (alone.get(statement) ?? 0) + 10)
  expect(risen).toEqual([])
  expect(blocks.size).toBe(alone.size)
  expect(await isSearchCommon(sql, WORKSPACE, { prefixes: ['number'], phrases: [] })).toBe(false)
})

async function vacuum(sql: Database): Promise<void> {
  await sql`vacuum analyze generations, generation_documents, generation_words, generation_outputs`
}

/** Counts the blocks that each statement of a list reads for the small workspace. */
async function countBlocks(sql: Database): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  const cases = FILTERS.flatMap(parameters =>
    ('q' in parameters ? [false, true] : [false]).map(isCommon => ({ parameters, isCommon })),
  )
  for (const { parameters, isCommon } of cases) {
    const query = parseListQuery(ListParameters.parse(parameters), WORKSPACE)
    const filter = { ...query.filter, search: query.search && { ...query.search, isCommon } }
    const range = { direction: 'older', cursor: null, inclusive: false, limit: 51 } as const
    const statements = {
      list: () => selectRows(sql, { filter, includeParameters: false }, range),
      count: () => selectCount(sql, filter),
      timeline: () => selectTimeline(sql, filter, 'UTC'),
      ...(isPlainSearch(query) ? { found: () => selectNewestFound(sql, query) } : {}),
    }
    for (const [name, build] of Object.entries(statements)) {
      const rows = await sql<Explained[]>`explain (analyze, buffers, format json) ${build()}`
      const plan = rows[0]?.['QUERY PLAN'][0].Plan
      if (!plan) throw new Error('a statement has no plan')
      const blocks = plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
      counts.set(`${name} ${JSON.stringify(parameters)} ${isCommon}`, blocks)
    }
  }
  return counts
}

interface Explained {
  'QUERY PLAN': [{ Plan: { 'Shared Hit Blocks': number; 'Shared Read Blocks': number } }]
}
