import type { Database } from '@darkroom/infra/database/connection'
import { ProblemError } from '@darkroom/infra/http/problem'
import { type Cursor, encodeCursor } from './cursor.ts'
import { resolveFilter } from './filter-conditions.ts'
import { isUnfiltered, type ListQuery } from './list-parameters.ts'
import { findGenerationCursor, type KeysetRange, type RowSource, readDocumentBytes, selectRows } from './list-rows.ts'
import { isPlainSearch, type PlainSearch, readNewestFound } from './newest-found.ts'
import { checkTimeZone } from './time-zone.ts'

/** Consecutive rows, newest first, and whether the list had more at either end when they were read. */
interface Page {
  /** JSON text of each generation. */
  rows: Buffer[]
  hasMore: { older: boolean; newer: boolean }
}

/** The pools that a list reads from: pages without filters have one whose plans are made once. */
export interface ListPools {
  database: Database
  pages: Database
}

const OPENING = Buffer.from('{"generations":[')
const COMMA = Buffer.from(',')

/**
 * Reads one page of a workspace's generations, newest first. A cursor is null where the list had nothing more when it was read. Documents
 * are passed on as the bytes that the database sends: decoding and encoding them takes as long as everything else here.
 *
 * @returns the JSON text of a `GenerationPage`, in UTF-8
 * @throws ProblemError `not_found` when the page is requested around a generation that does not exist, `invalid` for an
 *   unknown time zone
 */
export async function listPage(pools: ListPools, query: ListQuery): Promise<Uint8Array<ArrayBuffer>> {
  const { rows, hasMore } = await checkTimeZone(() => readPage(pools, query))
  const next = hasMore.older ? encodeRowCursor(rows.at(-1)) : 'null'
  const previous = hasMore.newer ? encodeRowCursor(rows.at(0)) : 'null'
  const items = rows.flatMap((row, index) => (index === 0 ? [row] : [COMMA, row]))
  return Buffer.concat([OPENING, ...items, Buffer.from(`],"nextCursor":${next},"previousCursor":${previous}}`)])
}

async function readPage({ database, pages }: ListPools, query: ListQuery): Promise<Page> {
  const { anchor, limit, includeParameters } = query
  const found = isPlainSearch(query) ? await readFoundPage(database, query) : null
  if (found) return found
  const source = { filter: await resolveFilter(database, query), includeParameters }
  const pool = !query.search && isUnfiltered(query) ? pages : database
  if (anchor.kind === 'cursor') return await readDirectionalPage(pool, source, { ...anchor, limit })
  const cursor =
    anchor.kind === 'around' ? anchor.cursor : await findGenerationCursor(database, { ...query.filter, id: anchor.id })
  if (!cursor) throw new ProblemError('not_found', 'There is no such generation.')
  return await readPageAround(database, source, cursor, limit)
}

/** Reads a page of a search without other filters. @returns null if that takes other statements */
async function readFoundPage(database: Database, query: PlainSearch): Promise<Page | null> {
  const rows = await readNewestFound(database, query)
  if (!rows) return null
  const hasNewer = query.anchor.cursor !== null && rows.length > 0
  return { rows: rows.slice(0, query.limit), hasMore: { older: rows.length > query.limit, newer: hasNewer } }
}

async function readDirectionalPage(
  database: Database,
  source: RowSource,
  range: Omit<KeysetRange, 'inclusive'>,
): Promise<Page> {
  const { rows, hasMore } = await readRange(database, source, { ...range, inclusive: false })
  const hasBehind = range.cursor !== null && rows.length > 0
  if (range.direction === 'older') return { rows, hasMore: { older: hasMore, newer: hasBehind } }
  return { rows: rows.toReversed(), hasMore: { older: hasBehind, newer: hasMore } }
}

/** Reads a page around a cursor: newer rows fill at most half of it, the row at the cursor and older ones the rest. */
async function readPageAround(database: Database, source: RowSource, cursor: Cursor, limit: number): Promise<Page> {
  const half = Math.floor(limit / 2)
  const newer = await readRange(database, source, { direction: 'newer', cursor, inclusive: false, limit: half })
  const rest = limit - newer.rows.length
  const older = await readRange(database, source, { direction: 'older', cursor, inclusive: true, limit: rest })
  return {
    rows: [...newer.rows.toReversed(), ...older.rows],
    hasMore: { older: older.hasMore, newer: newer.hasMore },
  }
}

/** Reads one row more than requested, to learn whether there are more. */
async function readRange(database: Database, source: RowSource, range: KeysetRange) {
  const rows = await readDocumentBytes(selectRows(database, source, { ...range, limit: range.limit + 1 }))
  return { rows: rows.slice(0, range.limit), hasMore: rows.length > range.limit }
}

/** Returns the cursor of a row as JSON. Parsing two documents of a page costs less than two more columns of each row. */
function encodeRowCursor(row: Buffer | undefined): string {
  if (!row) return 'null'
  const { id, createdAt }: Cursor = JSON.parse(row.toString())
  return JSON.stringify(encodeCursor({ id, createdAt }))
}
