import type { Kind, Status } from '@darkroom/contracts/enums'
import type { Queryable } from '@darkroom/infra/database/connection'
import type { Cursor } from './cursor.ts'
import type { Search } from './search.ts'

/** Filter of a list. A condition that is undefined is not applied. */
export interface ListFilter {
  workspaceId: string
  statuses: Status[] | undefined
  kind: Kind | undefined
  model: string | undefined
  isFavourite: boolean | undefined
  hasReferences: boolean | undefined
  /** Trashed generations only, instead of those that are not in the trash. */
  isTrashed: boolean
  search: SearchPlan | null
  /** Documents with the raw parameters instead of the sanitized ones: for administrators only. */
  includeParameters: boolean
}

/** A search with its selectivity: `isCommon` when it matches many generations. */
export type SearchPlan = Search & { isCommon: boolean }

/** Keyset range of a list: the first `limit` rows on one side of a cursor. */
export interface KeysetRange {
  direction: 'older' | 'newer'
  cursor: Cursor | null
  /** Whether the row at the cursor belongs to the range. */
  inclusive: boolean
  limit: number
}

/** Matches from which a search is common. */
const COMMON_THRESHOLD = 1_000

export interface ListRow {
  /** JSON text of a generation. */
  document: string
}

/** Builds the statement that reads rows of a list, nearest to the cursor first. Documents are passed on as stored. */
export function selectRows(sql: Queryable, filter: ListFilter, range: KeysetRange) {
  const order = range.direction === 'older' ? sql`desc` : sql`asc`
  return sql<ListRow[]>`
    select ${buildDocumentColumn(sql, filter)} as document
    from generation_documents d where ${buildConditions(sql, filter)} ${buildKeysetCondition(sql, range)}
    order by d.created_at ${order}, d.generation_id ${order} limit ${range.limit}`
}

/** Returns the cursor of a generation; undefined if the workspace has none with that id. */
export async function findGenerationCursor(
  sql: Queryable,
  generation: { id: string; workspaceId: string },
): Promise<Cursor | undefined> {
  const [cursor] = await sql<Cursor[]>`
    select generation_id as id, timestamp_text(created_at) as "createdAt" from generation_documents
    where generation_id = ${generation.id} and workspace_id = ${generation.workspaceId}`
  return cursor
}

/** Returns whether a search matches so many generations that looking all of them up is slower than walking the list. */
export async function isSearchCommon(sql: Queryable, search: Search): Promise<boolean> {
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from ${buildMatchQuery(sql, search)}`
  return (row?.count ?? 0) === COMMON_THRESHOLD
}

function buildConditions(sql: Queryable, filter: ListFilter) {
  const { workspaceId, statuses, kind, model, isFavourite, hasReferences, isTrashed, search } = filter
  const [status] = statuses?.length === 1 ? statuses : []
  return [
    isTrashed ? sql`d.deleted_at is not null` : sql`d.deleted_at is null`,
    status === undefined ? undefined : sql`d.status = ${status}`,
    statuses && status === undefined ? sql`d.status = any(${statuses})` : undefined,
    kind === undefined ? undefined : sql`d.kind = ${kind}`,
    model === undefined ? undefined : sql`d.model = ${model}`,
    isFavourite === undefined ? undefined : sql`d.favourite = ${isFavourite}`,
    hasReferences === undefined ? undefined : sql`d.has_references = ${hasReferences}`,
    search ? buildSearchCondition(sql, search) : undefined,
  ]
    .filter(condition => condition !== undefined)
    .reduce((all, condition) => sql`${all} and ${condition}`, sql`d.workspace_id = ${workspaceId}`)
}

/** Builds the condition of a search: rare words are looked up and then sorted, common ones are tested while walking the list. */
function buildSearchCondition(sql: Queryable, search: SearchPlan) {
  if (!search.isCommon) return sql`d.generation_id = any(array(select ${buildMatchQuery(sql, search)}))`
  return sql`(select w.words @@ ${buildTsQuery(sql, search)} from generation_words w where w.generation_id = d.generation_id)`
}

function buildMatchQuery(sql: Queryable, search: Search) {
  return sql`found_by_words(${buildTsQuery(sql, search)}, ${COMMON_THRESHOLD})`
}

function buildTsQuery(sql: Queryable, { prefixes, phrases }: Search) {
  return sql`search_query(${prefixes}, ${phrases})`
}

function buildKeysetCondition(sql: Queryable, { cursor, direction, inclusive }: KeysetRange) {
  if (!cursor) return sql``
  const boundary = sql`(${cursor.createdAt}::text::timestamptz, ${cursor.id}::uuid)`
  if (direction === 'newer') return sql`and (d.created_at, d.generation_id) > ${boundary}`
  return inclusive
    ? sql`and (d.created_at, d.generation_id) <= ${boundary}`
    : sql`and (d.created_at, d.generation_id) < ${boundary}`
}

function buildDocumentColumn(sql: Queryable, { includeParameters }: ListFilter) {
  if (!includeParameters) return sql`d.document`
  return sql`(d.document::jsonb || coalesce((
    select jsonb_build_object('parameters', r.parameters) from generation_raw r where r.generation_id = d.generation_id
  ), '{}'))::text`
}
