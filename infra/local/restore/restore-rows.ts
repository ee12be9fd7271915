import type { Queryable, Transaction } from '../../src/database/connection.ts'
import { migrateTables } from '../../src/database/migrations.ts'
import { toUndefinedIfMissing } from '../../src/runtime/error-code.ts'
import { runBulkTransaction } from '../backup/bulk-transaction.ts'
import { digestFile } from '../backup/digest.ts'
import type { BackedUpTable, BackupPaths, Manifest } from '../backup/manifest.ts'
import type { BackupProgress } from '../backup/progress.ts'
import { hasTable, listTables, quoteName, type Table, writeSequences } from '../backup/table-catalogue.ts'
import { digestTable, importTable } from '../backup/table-copy.ts'
import { StartError } from '../process/server-process.ts'
import { areRowsRestored, recordRowsRestored } from './restore-target.ts'

export interface RestoreRowsOptions {
  url: string
  paths: BackupPaths
  manifest: Manifest
  progress: BackupProgress
  signal: AbortSignal
}

/** Compares the files of the tables with the manifest. @throws StartError that names the first one that is damaged */
export async function verifyTableFiles({
  paths,
  manifest,
  signal,
}: Pick<RestoreRowsOptions, 'paths' | 'manifest' | 'signal'>): Promise<void> {
  for (const table of manifest.tables) {
    const file = paths.table(manifest.id, table.name)
    const digest = await digestFile(file, signal).catch(toUndefinedIfMissing)
    if (digest?.sha256 === table.sha256 && digest.lines === table.rows) continue
    throw new StartError(
      digest
        ? `${file} is damaged: its bytes are not those that were backed up. Use another copy of the backup.`
        : `${file} is not there: the backup is not whole. Use another copy of it.`,
    )
  }
}

/**
 * Creates the tables of the backup's version and fills them in one transaction. Before it commits each table is read back and
 * compared. The studio is in mode `restored` from then on.
 *
 * @throws StartError if a row is not as it was backed up
 */
export async function restoreRows(options: RestoreRowsOptions): Promise<void> {
  const { url, manifest, progress, signal } = options
  await migrateTables(url, manifest.migrations)
  const step = progress.startStep('Rows', manifest.tables.length * 2, 'tables')
  const isNew = await runBulkTransaction({ url, mode: 'read committed', signal }, async tx => {
    if (await areRowsRestored(tx)) return false
    await fillTables(tx, options, count => step.advance(count, 0))
    return true
  })
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
  step.end(isNew ? `${rows} rows of ${manifest.tables.length} tables, read back and compared` : 'were there')
}

async function fillTables(tx: Transaction, options: RestoreRowsOptions, onDone: (count: number) => void) {
  const { paths, manifest, signal } = options
  const tables = pairTables(manifest.tables, await listTables(tx))
  const names = tables.map(({ table }) => quoteName(table.name))
  // Triggers would write what is in the backup, and take a second for a thousand rows.
  for (const name of names) await tx.unsafe(`alter table ${name} disable trigger user`)
  // Migrations have inserted rows.
  await tx.unsafe(`truncate ${names.join(', ')}`)
  for (const { table } of tables) {
    await importTable(tx, table, paths.table(manifest.id, table.name), signal)
    onDone(1)
  }
  for (const { table, backedUp } of tables) {
    const { sha256, lines } = await digestTable(tx, table, signal)
    if (sha256 !== backedUp.sha256 || lines !== backedUp.rows) {
      throw new StartError(`The rows of ${table.name} are not as they were backed up: the database has changed them.`)
    }
    onDone(1)
  }
  for (const name of names) await tx.unsafe(`alter table ${name} enable trigger user`)
  await writeSequences(tx, manifest.sequences)
  await beginEpoch(tx)
  if (await hasTable(tx, 'studio')) await markRestored(tx)
  await recordRowsRestored(tx)
}

/** Puts the studio into the mode of a copy whose original may still run. */
export async function markRestored(db: Queryable): Promise<void> {
  await db`update studio set mode = 'restored', removals_paused_until = null`
}

/**
 * Begins an epoch of the bus that the original never had: the bus of the copy is another one, and positions that browsers remember
 * from the original mean nothing here.
 */
async function beginEpoch(tx: Transaction): Promise<void> {
  await tx`
    update bus_epoch set epoch = greatest(epoch + 1, extract(epoch from clock_timestamp())::integer), highest_sequence = 0`
}

/** Returns the tables in the order in which they can be filled, each with what the backup has of it. */
function pairTables(backedUp: readonly BackedUpTable[], existing: readonly Table[]) {
  const unknown = backedUp.filter(({ name }) => !existing.some(table => table.name === name))
  if (unknown.length > 0) {
    throw new StartError(
      `The backup has tables that Darkroom does not have: ${unknown.map(({ name }) => name).join(', ')}.`,
    )
  }
  return existing.flatMap(table => {
    const found = backedUp.find(({ name }) => name === table.name)
    return found ? [{ table: { ...table, columns: found.columns }, backedUp: found }] : []
  })
}
