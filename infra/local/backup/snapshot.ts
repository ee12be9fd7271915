import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Transaction } from '../../src/database/connection.ts'
import { UNFINISHED_RESTORE_TABLE } from '../../src/database/migrations.ts'
import { StartError } from '../process/server-process.ts'
import { runBulkTransaction } from './bulk-transaction.ts'
import type { BackedUpTable, BackupPaths, Manifest } from './manifest.ts'
import { syncFolder } from './manifest.ts'
import { NAMED_OBJECTS_QUERY } from './named-objects.ts'
import type { BackupProgress } from './progress.ts'
import { hasTable, listMigrations, listTables, readSequences } from './table-catalogue.ts'
import { exportQuery, exportTable } from './table-copy.ts'

export type Snapshot = Pick<Manifest, 'createdAt' | 'studioId' | 'migrations' | 'tables' | 'sequences'> & {
  /** Number of objects that the rows name, previews included. */
  namedObjects: number
}

export interface SnapshotOptions {
  url: string
  paths: BackupPaths
  /** Id of the backup. */
  id: string
  /** Called when the moment of the snapshot is fixed, before the rows are copied. */
  onBegun: () => Promise<unknown>
  progress: BackupProgress
  signal: AbortSignal
}

/**
 * Copies every row, and the names of the objects that the rows refer to, of one moment to files.
 *
 * @throws StartError if the database cannot be backed up
 */
export async function takeSnapshot(options: SnapshotOptions): Promise<Snapshot> {
  const { url, paths, id, signal } = options
  await mkdir(dirname(paths.table(id, 'any')), { recursive: true, mode: 0o700 })
  const snapshot = await runBulkTransaction({ url, mode: 'repeatable read read only', signal }, tx =>
    exportAll(tx, options),
  )
  await syncFolder(dirname(paths.table(id, 'any')))
  return snapshot
}

async function exportAll(tx: Transaction, options: SnapshotOptions): Promise<Snapshot> {
  const { paths, id, progress, signal, onBegun } = options
  // The first statement has fixed the moment.
  const createdAt = await readTime(tx)
  await onBegun()
  await assertWhole(tx)
  const [migrations, found] = [await listMigrations(tx), await listTables(tx)]
  const step = progress.startStep('Rows', found.length, 'tables')
  const tables: BackedUpTable[] = []
  for (const table of found) {
    const { bytes, lines: rows, sha256 } = await exportTable(tx, table, paths.table(id, table.name), signal)
    tables.push({ name: table.name, columns: table.columns, rows, bytes, sha256 })
    step.advance(1, bytes)
  }
  const { lines: namedObjects } = await exportQuery(tx, NAMED_OBJECTS_QUERY, paths.namedObjects(id), signal)
  step.end(`${tables.reduce((sum, { rows }) => sum + rows, 0)} rows of ${tables.length} tables`)
  const sequences = await readSequences(tx)
  return { createdAt, studioId: await readStudioId(tx), migrations, tables, sequences, namedObjects }
}

async function readTime(tx: Transaction): Promise<string> {
  const [row] = await tx<{ at: Date }[]>`select now() as at`
  return (row?.at ?? new Date()).toISOString()
}

async function assertWhole(tx: Transaction): Promise<void> {
  if (!(await hasTable(tx, 'migrations'))) {
    throw new StartError('The database has no studio in it. Give the DATABASE_URL of one that has.')
  }
  if (await hasTable(tx, UNFINISHED_RESTORE_TABLE)) {
    throw new StartError('A restore into this database was broken off: there is nothing whole to back up.')
  }
}

async function readStudioId(tx: Transaction): Promise<string | null> {
  if (!(await hasTable(tx, 'studio'))) return null
  const [studio] = await tx<{ id: string }[]>`select id from studio`
  return studio?.id ?? null
}
