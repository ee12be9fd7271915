import type { Database } from '@darkroom/infra/database/connection'
import { ProblemError } from '@darkroom/infra/http/problem'
import { type Cursor, encodeCursor } from './cursor.ts'
import type { ListQuery } from './list-parameters.ts'
import {
  findGenerationCursor,
  isSearchCommon,
  type KeysetRange,
  type ListFilter,
  type ListRow,
  type SearchPlan,
  selectRows,
} from './list-rows.ts'
import type { Search } from './search.ts'

/** Rows that follow one another, newest first, and whether there were more at either end when they were read. */
interface Page {
  rows: ListRow[]
  hasMore: { older: boolean; newer: boolean }
}

/**
 * One page of a workspace's generations, newest first, as the JSON text of a `GenerationPage`. A cursor is null where the list
 * had nothing more when it was read.
 *
 * @throws ProblemError `not_found` if a page around a generation is asked for that is not there
 */
export async function listPage(database: Database, query: ListQuery): Promise<string> {
  const { rows, hasMore } = await readPage(database, query)
  const next = hasMore.older ? encodeRowCursor(rows.at(-1)) : 'null'
  const previous = hasMore.newer ? encodeRowCursor(rows.at(0)) : 'null'
  return `{"generations":[${rows.map(row => row.document).join(',')}],"nextCursor":${next},"previousCursor":${previous}}`
}

async function readPage(database: Database, query: ListQuery): Promise<Page> {
  const { anchor, limit } = query
  const filter = { ...query.filter, search: await estimateSelectivity(database, query.search) }
  if (anchor.kind === 'cursor') return await readDirectionalPage(database, filter, { ...anchor, limit })
  const cursor =
    anchor.kind === 'around' ? anchor.cursor : await findGenerationCursor(database, { ...filter, id: anchor.id })
  if (!cursor) throw new ProblemError('not_found', 'There is no such generation.')
  return await readPageAround(database, filter, cursor, limit)
}

async function estimateSelectivity(database: Database, search: Search | null): Promise<SearchPlan | null> {
  return search && { ...search, isCommon: await isSearchCommon(database, search) }
}

async function readDirectionalPage(
  database: Database,
  filter: ListFilter,
  range: Omit<KeysetRange, 'inclusive'>,
): Promise<Page> {
  const { rows, hasMore } = await readRange(database, filter, { ...range, inclusive: false })
  const hasBehind = range.cursor !== null && rows.length > 0
  if (range.direction === 'older') return { rows, hasMore: { older: hasMore, newer: hasBehind } }
  return { rows: rows.toReversed(), hasMore: { older: hasBehind, newer: hasMore } }
}

/** The row at the place, if there is one, and older ones fill what newer ones leave: at most half of the page is newer. */
async function readPageAround(database: Database, filter: ListFilter, cursor: Cursor, limit: number): Promise<Page> {
  const half = Math.floor(limit / 2)
  const newer = await readRange(database, filter, { direction: 'newer', cursor, inclusive: false, limit: half })
  const rest = limit - newer.rows.length
  const older = await readRange(database, filter, { direction: 'older', cursor, inclusive: true, limit: rest })
  return {
    rows: [...newer.rows.toReversed(), ...older.rows],
    hasMore: { older: older.hasMore, newer: newer.hasMore },
  }
}

/** One row more than is wanted tells whether there are more. */
async function readRange(database: Database, filter: ListFilter, range: KeysetRange) {
  const rows = await selectRows(database, filter, { ...range, limit: range.limit + 1 })
  return { rows: rows.slice(0, range.limit), hasMore: rows.length > range.limit }
}

/** The cursor of a row, from its own text: two rows of a page are read here, which costs less than two columns of each. */
function encodeRowCursor(row: ListRow | undefined): string {
  if (!row) return 'null'
  const { id, createdAt }: Cursor = JSON.parse(row.document)
  return JSON.stringify(encodeCursor({ id, createdAt }))
}
