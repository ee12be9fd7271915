import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database } from '../../src/database/connection.ts'

/** Returns the ways in which a secret could be written: as it is, in hex and in base64 at each offset. */
export function listSpellings(secret: string): string[] {
  // Characters that do not depend on what is before and after it.
  const encoded = [0, 1, 2].map(offset => {
    const text = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]).toString('base64')
    return text.slice(offset === 0 ? 0 : 4, -4)
  })
  return [secret, Buffer.from(secret).toString('hex'), ...encoded]
}

/** Returns whether a text, or bytes, contain any of the spellings. */
export function includesAny(content: string | Buffer, spellings: readonly string[]): boolean {
  return spellings.some(spelling => content.includes(spelling))
}

/** Searches every row of every table. @returns the tables with a row that contains a spelling */
export async function findInRows(sql: Database, spellings: readonly string[]): Promise<string[]> {
  const tables = await sql<{ name: string }[]>`
    select relname::text as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1`
  const found: string[] = []
  for (const { name } of tables) {
    const rows = await sql<{ row: string }[]>`select t::text as row from ${sql(name)} t`
    if (rows.some(({ row }) => includesAny(row, spellings))) found.push(`table ${name}`)
  }
  return found
}

/** Searches every file below a folder. @returns the files that contain a spelling */
export async function findInFiles(folder: string, spellings: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const found: string[] = []
  for (const entry of entries.filter(entry => entry.isFile())) {
    const path = join(entry.parentPath, entry.name)
    // It may have been removed since.
    const bytes = await readFile(path).catch(() => Buffer.alloc(0))
    if (includesAny(path, spellings) || includesAny(bytes, spellings)) found.push(`file ${path}`)
  }
  return found
}

/** Searches the command lines of all processes, where there is `/proc`. @returns those that contain a spelling */
export async function findInCommandLines(spellings: readonly string[]): Promise<string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter(name => /^\d+$/.test(name))
  const found: string[] = []
  for (const pid of pids) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (includesAny(line, spellings)) found.push(`the command line of process ${pid}`)
  }
  return found
}
