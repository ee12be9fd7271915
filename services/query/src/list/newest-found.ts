import type { Database } from '@darkroom/infra/database/connection'
import { buildTsQuery } from './filter-conditions.ts'
import { isUnfiltered, type ListQuery, type PageAnchor } from './list-parameters.ts'
import type { Search } from './search.ts'

/** Cursor before the newest generation. */
const END_OF_LIST = { createdAt: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }

/** A page of a search without other filters, at the end of the list or older than a cursor: what is shown while someone types. */
export interface PlainSearch extends ListQuery {
  search: Search
  anchor: Extract<PageAnchor, { kind: 'cursor' }>
}

/** Returns whether a page is one of a search without other filters. */
export function isPlainSearch(query: ListQuery): query is PlainSearch {
  const { search, anchor } = query
  return search !== null && anchor.kind === 'cursor' && anchor.direction === 'older' && isUnfiltered(query)
}

/**
 * Builds the statement that reads the newest rows of a search, one more than requested. It is a single one: another one, to learn whether
 * the words are rare, would take as long as the page. Its only row is null while the search words are being written again.
 */
export function selectNewestFound(database: Database, query: PlainSearch) {
  const { workspaceId } = query.filter
  const { createdAt, id } = query.anchor.cursor ?? END_OF_LIST
  return database<{ document: string | null }[]>`
    select document from newest_found(
      ${workspaceId}, ${buildTsQuery(database, workspaceId, query.search)}, ${createdAt}::text::timestamptz, ${id}, ${query.limit + 1}
    ) as found (document)`
}

/** Reads the newest rows of a search, one more than requested. @returns null if they are to be read by the statements of the list */
export async function readNewestFound(database: Database, query: PlainSearch): Promise<Buffer[] | null> {
  const rows = await selectNewestFound(database, query).raw()
  const found = rows.flatMap(([document]) => (document ? [document] : []))
  return found.length === rows.length ? found : null
}
