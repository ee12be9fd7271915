import postgres from 'postgres'

/** Time limits of a connection, in seconds. */
interface ConnectionLimits {
  /** For opening it. */
  connect: number
  /** For statements that still run when it is closed. */
  end: number
}

const LIMITS: ConnectionLimits = { connect: 5, end: 5 }

/** Runs queries over a connection of their own, which is closed afterwards. */
export async function withConnection<T>(
  url: string,
  query: (sql: postgres.Sql) => Promise<T>,
  limits: ConnectionLimits = LIMITS,
): Promise<T> {
  const sql = postgres(url, { max: 1, connect_timeout: limits.connect, onnotice: () => {} })
  try {
    return await query(sql)
  } finally {
    await sql.end({ timeout: limits.end })
  }
}
