import postgres from 'postgres'

/** Runs queries over a connection of their own, which is closed afterwards. */
export async function withConnection<T>(url: string, query: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} })
  try {
    return await query(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}
