import type { Kind, Status } from '@darkroom/contracts/enums'
import type { Statement } from '@darkroom/infra/database/connection'
import type { Cursor } from './cursor.ts'
import type { Search } from './search.ts'

/** Which generations of a workspace a list has. What is undefined does not matter. */
export interface ListFilter {
  workspaceId: string
  statuses: Status[] | undefined
  kind: Kind | undefined
  model: string | undefined
  favourite: boolean | undefined
  references: boolean | undefined
  /** Those that were deleted, instead of those that were not. */
  trash: boolean
  search: Sought | null
  /** Each row with its parameters in full instead of the public ones: for administrators only. */
  includeParameters: boolean
}

/** What is looked for, and whether much has it. */
export type Sought = Search & { common: boolean }

/** Which rows of it: the first so many to one side of a place. */
export interface Side {
  direction: 'older' | 'newer'
  cursor: Cursor | null
  /** Whether the row at the place itself is one of them. */
  inclusive: boolean
  limit: number
}

const RARE = 1_000

export interface ListRow {
  /** The JSON text of a generation. */
  document: string
}

/** The statement that reads rows of a list, nearest to the place first. Their text is passed on as the database keeps it. */
export function selectRows(sql: Statement, filter: ListFilter, side: Side) {
  const order = side.direction === 'older' ? sql`desc` : sql`asc`
  return sql<ListRow[]>`
    select ${documentOf(sql, filter)} as document
    from generation_documents d where ${conditions(sql, filter)} ${beyond(sql, side)}
    order by d.created_at ${order}, d.generation_id ${order} limit ${side.limit}`
}

/** The place of one generation in the list; undefined if the workspace has none of that id. */
export async function placeOfGeneration(
  sql: Statement,
  generation: { id: string; workspaceId: string },
): Promise<Cursor | undefined> {
  const [place] = await sql<Cursor[]>`
    select generation_id as id, timestamp_text(created_at) as "createdAt" from generation_documents
    where generation_id = ${generation.id} and workspace_id = ${generation.workspaceId}`
  return place
}

/** Whether so many generations have the words that looking them all up would take longer than going through the list. */
export async function areCommon(sql: Statement, search: Search): Promise<boolean> {
  const [counted] = await sql<{ count: number }[]>`select count(*)::int as count from ${found(sql, search)}`
  return (counted?.count ?? 0) === RARE
}

function conditions(sql: Statement, filter: ListFilter) {
  const { workspaceId, statuses, kind, model, favourite, references, trash, search } = filter
  const [status] = statuses?.length === 1 ? statuses : []
  return [
    trash ? sql`d.deleted_at is not null` : sql`d.deleted_at is null`,
    status === undefined ? undefined : sql`d.status = ${status}`,
    statuses && status === undefined ? sql`d.status = any(${statuses})` : undefined,
    kind === undefined ? undefined : sql`d.kind = ${kind}`,
    model === undefined ? undefined : sql`d.model = ${model}`,
    favourite === undefined ? undefined : sql`d.favourite = ${favourite}`,
    references === undefined ? undefined : sql`d.has_references = ${references}`,
    search ? hasWords(sql, search) : undefined,
  ]
    .filter(condition => condition !== undefined)
    .reduce((all, condition) => sql`${all} and ${condition}`, sql`d.workspace_id = ${workspaceId}`)
}

/** Rows with rare words are looked up, and then put in order. Those with common ones are met on the way through the list. */
function hasWords(sql: Statement, search: Sought) {
  if (!search.common) return sql`d.generation_id = any(array(select ${found(sql, search)}))`
  return sql`(select w.words @@ ${queryOf(sql, search)} from generation_words w where w.generation_id = d.generation_id)`
}

function found(sql: Statement, search: Search) {
  return sql`found_by_words(${queryOf(sql, search)}, ${RARE})`
}

function queryOf(sql: Statement, { beginnings, phrases }: Search) {
  return sql`search_query(${beginnings}, ${phrases})`
}

function beyond(sql: Statement, { cursor, direction, inclusive }: Side) {
  if (!cursor) return sql``
  const place = sql`(${cursor.createdAt}::text::timestamptz, ${cursor.id}::uuid)`
  if (direction === 'newer') return sql`and (d.created_at, d.generation_id) > ${place}`
  return inclusive
    ? sql`and (d.created_at, d.generation_id) <= ${place}`
    : sql`and (d.created_at, d.generation_id) < ${place}`
}

function documentOf(sql: Statement, { includeParameters }: ListFilter) {
  if (!includeParameters) return sql`d.document`
  return sql`(d.document::jsonb || coalesce((
    select jsonb_build_object('parameters', r.parameters) from generation_raw r where r.generation_id = d.generation_id
  ), '{}'))::text`
}
