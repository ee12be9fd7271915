import type { Kind, Status } from '@darkroom/contracts/enums'
import type { Queryable } from '@darkroom/infra/database/connection'
import type { Search } from './search.ts'

/** Filter of a list. A condition that is undefined is not applied. */
export interface ListFilter {
  workspaceId: string
  ids: string[] | undefined
  statuses: Status[] | undefined
  kind: Kind | undefined
  models: string[] | undefined
  isFavourite: boolean | undefined
  hasReferences: boolean | undefined
  /** Children of this generation only. */
  parentId: string | undefined
  from: DateBound | undefined
  /** A day itself belongs to the list, a time does not. */
  to: DateBound | undefined
  /** Trashed generations only, instead of those that are not in the trash. */
  isTrashed: boolean
  search: SearchPlan | null
}

/** An end of a range of creation times: a day of a time zone, or a time (ISO 8601, UTC). */
export type DateBound = { day: string; zone: string } | { time: string }

/** A search with its selectivity: `isCommon` when it matches many generations. */
export type SearchPlan = Search & { isCommon: boolean }

/** Matches from which a search is common. */
const COMMON_THRESHOLD = 1_000

/** Returns a filter with its search, whose selectivity is estimated. */
export async function resolveFilter(
  sql: Queryable,
  { filter, search }: { filter: Omit<ListFilter, 'search'>; search: Search | null },
): Promise<ListFilter> {
  return { ...filter, search: search && { ...search, isCommon: await isSearchCommon(sql, filter.workspaceId, search) } }
}

/** Returns whether a search matches so many generations of a workspace that looking all of them up is slower than walking the list. */
export async function isSearchCommon(sql: Queryable, workspaceId: string, search: Search): Promise<boolean> {
  const [row] = await sql<{ isCommon: boolean }[]>`
    select is_common_search(${workspaceId}, ${buildTsQuery(sql, workspaceId, search)}, ${COMMON_THRESHOLD}) as "isCommon"`
  return row?.isCommon === true
}

/** Builds the condition of a filter on the rows `d` of `generation_documents` of its workspace. */
export function buildConditions(sql: Queryable, filter: ListFilter) {
  const { workspaceId, search } = filter
  return [buildColumnConditions(sql, filter), search ? buildSearchCondition(sql, workspaceId, search) : undefined]
    .filter(condition => condition !== undefined)
    .reduce((all, condition) => sql`${all} and ${condition}`)
}

/** Builds the condition of a filter without its search. */
function buildColumnConditions(sql: Queryable, filter: ListFilter) {
  const { workspaceId, ids, statuses, kind, models, isFavourite, hasReferences, parentId, from, to, isTrashed } = filter
  return [
    isTrashed ? sql`d.deleted_at is not null` : sql`d.deleted_at is null`,
    ids && sql`d.generation_id = any(${ids}::uuid[])`,
    statuses && buildAnyOf(sql, sql`d.status`, statuses),
    kind === undefined ? undefined : sql`d.kind = ${kind}`,
    models && buildAnyOf(sql, sql`d.model`, models),
    isFavourite === undefined ? undefined : sql`d.favourite = ${isFavourite}`,
    hasReferences === undefined ? undefined : sql`d.has_references = ${hasReferences}`,
    parentId === undefined ? undefined : buildParentCondition(sql, workspaceId, parentId),
    from && sql`d.created_at >= ${buildTime(sql, from, 0)}`,
    to && sql`d.created_at < ${buildTime(sql, to, 1)}`,
  ]
    .filter(condition => condition !== undefined)
    .reduce((all, condition) => sql`${all} and ${condition}`)
}

/** Builds all rows of a filter, in no order. Of common words it is faster to read the whole index of the list than to look each row up. */
export function buildAllRows(sql: Queryable, filter: ListFilter) {
  const { workspaceId, search } = filter
  if (!search?.isCommon)
    return sql`from generation_documents d where d.workspace_id = ${workspaceId} and ${buildConditions(sql, filter)}`
  const found = sql`found_by_common_words(${workspaceId}, ${buildTsQuery(sql, workspaceId, search)}) as found (id)`
  return sql`from generation_documents d join ${found} on found.id = d.generation_id
    where d.workspace_id = ${workspaceId} and ${buildColumnConditions(sql, filter)}`
}

/** Builds an equality where there is one value: an index then has the rows in the order of the list. */
function buildAnyOf(sql: Queryable, column: ReturnType<Queryable>, values: readonly string[]) {
  const [value, ...others] = values
  return value !== undefined && others.length === 0
    ? sql`${column} = ${value}`
    : sql`${column} = any(${values as string[]}::text[])`
}

/** Builds the condition of a search: rare words are looked up and then sorted, common ones are tested while walking the list. */
function buildSearchCondition(sql: Queryable, workspaceId: string, search: SearchPlan) {
  if (!search.isCommon) return sql`d.generation_id = any(array(select ${buildMatchQuery(sql, workspaceId, search)}))`
  const query = buildTsQuery(sql, workspaceId, search)
  return sql`(
    select w.words @@ ${query} from generation_words w
    where w.generation_id = d.generation_id and w.workspace_id = ${workspaceId}
  )`
}

function buildMatchQuery(sql: Queryable, workspaceId: string, search: Search) {
  return sql`found_by_words(${workspaceId}, ${buildTsQuery(sql, workspaceId, search)}, ${COMMON_THRESHOLD})`
}

/** Builds the query of a search for the words that are stored of a workspace. Null, which finds nothing, if it has no word. */
export function buildTsQuery(sql: Queryable, workspaceId: string, { prefixes, phrases }: Search) {
  return sql`search_query(${workspaceId}, ${prefixes}, ${phrases})`
}

/** Builds the condition for children, which are few: they are looked up and then sorted. */
function buildParentCondition(sql: Queryable, workspaceId: string, parentId: string) {
  return sql`d.generation_id = any(array(
    select g.id from generations g where g.workspace_id = ${workspaceId} and g.parent ->> 'generationId' = ${parentId.toLowerCase()}
  ))`
}

/** Builds the time of a bound: of a day its beginning, `dayOffset` days later. */
function buildTime(sql: Queryable, bound: DateBound, dayOffset: 0 | 1) {
  if ('time' in bound) return sql`${bound.time}::text::timestamptz`
  return sql`(((${bound.day}::text::date + ${dayOffset}::int)::timestamp) at time zone ${bound.zone})`
}
