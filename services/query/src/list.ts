import type { Database, Statement } from '@darkroom/infra/database'
import { type Cursor, encodeCursor } from './cursor.ts'

export interface ListQuery {
  workspaceId: string
  limit: number
  cursor: Cursor | null
  /** Which way from the cursor. The page is newest first either way. */
  direction: 'older' | 'newer'
  /** Each row with its parameters in full instead of the public ones: for administrators only. */
  includeParameters: boolean
}

interface Row {
  id: string
  createdAt: string
  document: string
}

/**
 * One page of a workspace's generations, newest first, as the JSON text of a `GenerationPage`. The text of each row is passed
 * on as the database gives it; only what may be shown is read.
 */
export async function listPage(database: Database, query: ListQuery): Promise<string> {
  const rows = await (query.direction === 'newer' && query.cursor ? newer : older)(database, query)
  const more = rows.length > query.limit
  const page = rows.slice(0, query.limit)
  if (query.direction === 'newer') page.reverse()
  const cursors =
    query.direction === 'newer' ? { older: page.length > 0, newer: more } : { older: more, newer: page.length > 0 }
  const next = cursors.older ? quoted(page.at(-1)) : 'null'
  const previous = cursors.newer ? quoted(page.at(0)) : 'null'
  return `{"generations":[${page.map(row => row.document).join(',')}],"nextCursor":${next},"previousCursor":${previous}}`
}

async function older(sql: Statement, { workspaceId, cursor, limit, includeParameters }: ListQuery): Promise<Row[]> {
  const before = cursor
    ? sql`and (g.created_at, g.id) < (${cursor.createdAt}::text::timestamptz, ${cursor.id}::uuid)`
    : sql``
  return await sql<Row[]>`
    select g.id, timestamp_text(g.created_at) as "createdAt", ${documentOf(sql, includeParameters)} as document
    from generations g where g.workspace_id = ${workspaceId} and g.deleted_at is null ${before}
    order by g.created_at desc, g.id desc limit ${limit + 1}`
}

async function newer(sql: Statement, { workspaceId, cursor, limit, includeParameters }: ListQuery): Promise<Row[]> {
  return await sql<Row[]>`
    select g.id, timestamp_text(g.created_at) as "createdAt", ${documentOf(sql, includeParameters)} as document
    from generations g where g.workspace_id = ${workspaceId} and g.deleted_at is null
      and (g.created_at, g.id) > (${cursor?.createdAt ?? null}::text::timestamptz, ${cursor?.id ?? null}::uuid)
    order by g.created_at, g.id limit ${limit + 1}`
}

function documentOf(sql: Statement, includeParameters: boolean) {
  if (!includeParameters) return sql`generation_document(g)::text`
  return sql`(generation_document(g)::jsonb || jsonb_build_object('parameters', coalesce(
    (select w.parameters from generation_raw w where w.generation_id = g.id), g.parameters)))::text`
}

function quoted(row: Row | undefined): string {
  return row ? JSON.stringify(encodeCursor(row)) : 'null'
}
