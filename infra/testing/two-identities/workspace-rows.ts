import type { Database } from '../../src/database/connection.ts'

/** Tables whose rows name no workspace: how to find it. */
const OWNERS: Record<string, string> = {
  generation_id: 'in (select id from generations where workspace_id = $1)',
  reference_id: 'in (select id from reference_images where workspace_id = $1)',
}

/**
 * Reads a digest of all rows of a workspace: of each table that names a workspace or a row of one.
 *
 * @returns the number of rows and their digest, by table; tables without rows are left out
 */
export async function readWorkspaceRows(sql: Database, workspaceId: string): Promise<Record<string, string>> {
  const columns = await sql<{ table: string; column: string }[]>`
    select c.table_name as table, c.column_name as column from information_schema.columns c
      join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
      and c.column_name in ('workspace_id', 'generation_id', 'reference_id')
    order by c.table_name, c.column_name = 'workspace_id' desc, c.column_name`
  const digests: Record<string, string> = {}
  for (const [table, [first]] of Map.groupBy(columns, ({ table }) => table)) {
    const condition = `${first?.column} ${OWNERS[first?.column ?? ''] ?? '= $1'}`
    const [row] = await sql.unsafe<{ digest: string | null; count: number }[]>(
      `select md5(string_agg(r::text, ';' order by r::text)) as digest, count(*)::int as count from "${table}" r where ${condition}`,
      [workspaceId],
    )
    if (row && row.count > 0) digests[table] = `${row.count} ${row.digest}`
  }
  return digests
}
