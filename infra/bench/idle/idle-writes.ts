import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type postgres from 'postgres'

/** Counters of writes, none of which rises in an idle studio. */
export interface Writes {
  /** Rows that were inserted, updated and deleted. */
  rows: number
  /** Bytes of the write-ahead log. */
  walBytes: number
  /** Sessions of the database, each of which is a process. */
  sessions: number
  logBytes: number
}

/** Reads how much a studio has written so far. */
export async function readWrites(sql: postgres.Sql, dataDir: string): Promise<Writes> {
  const [written] = await sql<Omit<Writes, 'logBytes'>[]>`
    select (select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::float8 from pg_stat_user_tables) as rows,
           pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as "walBytes",
           (select sessions::float8 from pg_stat_database where datname = current_database()) as sessions`
  if (!written) throw new Error('the database has no statistics')
  return { ...written, logBytes: await sumSizes(join(dataDir, 'logs')) }
}

/** Returns what was written between two readings. */
export function subtractWrites(after: Writes, before: Writes): Writes {
  return {
    rows: after.rows - before.rows,
    walBytes: after.walBytes - before.walBytes,
    sessions: after.sessions - before.sessions,
    logBytes: after.logBytes - before.logBytes,
  }
}

async function sumSizes(folder: string): Promise<number> {
  const sizes = await Promise.all((await readdir(folder)).map(async name => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
