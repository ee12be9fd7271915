import { openDatabase } from '@darkroom/infra/database/connection'
import { createLog } from '@darkroom/infra/log'

/** Creates tables of another system in a schema of its own, and runs statements there. */
export async function createTables(url: string, schema: string, statements: string): Promise<void> {
  const log = createLog({ service: 'test', level: 'silent' })
  const sql = openDatabase({ url, name: 'test', connections: 1, log })
  try {
    await sql.unsafe(`create schema if not exists ${schema}; set search_path = ${schema}; ${statements}`).simple()
  } finally {
    await sql.end({ timeout: 1 })
  }
}
