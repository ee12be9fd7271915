import type { Database } from '@darkroom/infra/database/connection'
import { ProblemError } from '@darkroom/infra/http/problem'
import { type Cursor, encodeCursor } from './cursor.ts'
import type { ListQuery } from './list-parameters.ts'
import {
  areCommon,
  type ListFilter,
  type ListRow,
  placeOfGeneration,
  type Side,
  type Sought,
  selectRows,
} from './list-rows.ts'
import type { Search } from './search.ts'

/** Rows that follow one another, newest first, and whether there were more at either end when they were read. */
interface Page {
  rows: ListRow[]
  more: { older: boolean; newer: boolean }
}

/**
 * One page of a workspace's generations, newest first, as the JSON text of a `GenerationPage`. A cursor is null where the list
 * had nothing more when it was read.
 *
 * @throws ProblemError `not_found` if a page around a generation is asked for that is not there
 */
export async function listPage(database: Database, query: ListQuery): Promise<string> {
  const { rows, more } = await readPage(database, query)
  const next = more.older ? quoted(rows.at(-1)) : 'null'
  const previous = more.newer ? quoted(rows.at(0)) : 'null'
  return `{"generations":[${rows.map(row => row.document).join(',')}],"nextCursor":${next},"previousCursor":${previous}}`
}

async function readPage(database: Database, query: ListQuery): Promise<Page> {
  const { place, limit } = query
  const filter = { ...query.filter, search: await judge(database, query.search) }
  if (place.kind === 'side') return await pageBeside(database, filter, { ...place, limit })
  const cursor = place.kind === 'around' ? place.cursor : await placeOfGeneration(database, { ...filter, id: place.id })
  if (!cursor) throw new ProblemError('not_found', 'There is no such generation.')
  return await pageAround(database, filter, cursor, limit)
}

async function judge(database: Database, search: Search | null): Promise<Sought | null> {
  return search && { ...search, common: await areCommon(database, search) }
}

async function pageBeside(database: Database, filter: ListFilter, side: Omit<Side, 'inclusive'>): Promise<Page> {
  const { rows, more } = await readSide(database, filter, { ...side, inclusive: false })
  const behind = side.cursor !== null && rows.length > 0
  if (side.direction === 'older') return { rows, more: { older: more, newer: behind } }
  return { rows: rows.toReversed(), more: { older: behind, newer: more } }
}

/** The row at the place, if there is one, and older ones fill what newer ones leave: at most half of the page is newer. */
async function pageAround(database: Database, filter: ListFilter, cursor: Cursor, limit: number): Promise<Page> {
  const half = Math.floor(limit / 2)
  const newer = await readSide(database, filter, { direction: 'newer', cursor, inclusive: false, limit: half })
  const rest = limit - newer.rows.length
  const older = await readSide(database, filter, { direction: 'older', cursor, inclusive: true, limit: rest })
  return {
    rows: [...newer.rows.toReversed(), ...older.rows],
    more: { older: older.more, newer: newer.more },
  }
}

/** One row more than is wanted tells whether there are more. */
async function readSide(database: Database, filter: ListFilter, side: Side) {
  const rows = await selectRows(database, filter, { ...side, limit: side.limit + 1 })
  return { rows: rows.slice(0, side.limit), more: rows.length > side.limit }
}

/** The cursor of a row, from its own text: two rows of a page are read here, which costs less than two columns of each. */
function quoted(row: ListRow | undefined): string {
  if (!row) return 'null'
  const { id, createdAt }: Cursor = JSON.parse(row.document)
  return JSON.stringify(encodeCursor({ id, createdAt }))
}
