import type { Queryable } from '@darkroom/infra/database/connection'
import type { Cursor } from './cursor.ts'
import { buildConditions, type ListFilter } from './filter-conditions.ts'

/** Keyset range of a list: the first `limit` rows on one side of a cursor. */
export interface KeysetRange {
  direction: 'older' | 'newer'
  cursor: Cursor | null
  /** Whether the row at the cursor belongs to the range. */
  inclusive: boolean
  limit: number
}

export interface ListRow {
  /** JSON text of a generation. */
  document: string
}

/** A statement whose only column is the document. */
interface PendingDocuments {
  raw(): PromiseLike<readonly (readonly (Buffer | null)[])[]>
}

/** Source of a page: the filter of its list, and whether documents have the raw parameters instead of the sanitized ones. */
export interface RowSource {
  filter: ListFilter
  includeParameters: boolean
}

/** Builds the statement that reads rows of a list, nearest to the cursor first. Documents are passed on as stored. */
export function selectRows(sql: Queryable, { filter, includeParameters }: RowSource, range: KeysetRange) {
  return sql<ListRow[]>`
    select ${buildDocumentColumn(sql, includeParameters)} as document
    ${buildRows(sql, filter, range)} ${buildOrder(sql, range)}`
}

/** Runs a statement whose only column is the document. @returns the bytes of each, without those that are null */
export async function readDocumentBytes(statement: PendingDocuments): Promise<Buffer[]> {
  const rows = await statement.raw()
  return rows.flatMap(([document]) => (document ? [document] : []))
}

/**
 * Builds the rows of a list. Of several models the first rows of each are read, because each has an index in the order of the list
 * and all together have none: a list of models that are seldom used would be searched to its end.
 */
function buildRows(sql: Queryable, filter: ListFilter, range: KeysetRange) {
  const { models, workspaceId } = filter
  if (!models || models.length < 2) {
    return sql`from generation_documents d
      where d.workspace_id = ${workspaceId} and ${buildConditions(sql, filter)} ${buildKeysetCondition(sql, range)}`
  }
  const conditions = buildConditions(sql, { ...filter, models: undefined })
  return sql`from unnest(${models}::text[]) m (model) cross join lateral (
    select * from generation_documents d
    where d.workspace_id = ${workspaceId} and d.model = m.model and ${conditions} ${buildKeysetCondition(sql, range)} ${buildOrder(sql, range)}
  ) d`
}

function buildOrder(sql: Queryable, { direction, limit }: KeysetRange) {
  const order = direction === 'older' ? sql`desc` : sql`asc`
  return sql`order by d.created_at ${order}, d.generation_id ${order} limit ${limit}`
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

function buildKeysetCondition(sql: Queryable, { cursor, direction, inclusive }: KeysetRange) {
  if (!cursor) return sql``
  const boundary = sql`(${cursor.createdAt}::text::timestamptz, ${cursor.id}::uuid)`
  if (direction === 'newer') return sql`and (d.created_at, d.generation_id) > ${boundary}`
  return inclusive
    ? sql`and (d.created_at, d.generation_id) <= ${boundary}`
    : sql`and (d.created_at, d.generation_id) < ${boundary}`
}

function buildDocumentColumn(sql: Queryable, includeParameters: boolean) {
  if (!includeParameters) return sql`d.document`
  return sql`(d.document::jsonb || coalesce((
    select jsonb_build_object('parameters', r.parameters) from generation_raw r
    where r.generation_id = d.generation_id and r.workspace_id = d.workspace_id
  ), '{}'))::text`
}
