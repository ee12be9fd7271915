import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Config, readConfig, readS3Settings, resolveDataDir } from '../../src/config.ts'
import { openDatabase, type Queryable } from '../../src/database/connection.ts'
import { UNFINISHED_RESTORE_TABLE } from '../../src/database/migrations.ts'
import { createLog } from '../../src/log.ts'
import { getFreeBytes } from '../../src/runtime/disk-space.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { formatBytes } from '../backfill/format.ts'
import { listFiles } from '../backup/journal-files.ts'
import type { Manifest } from '../backup/manifest.ts'
import { type OpenPartsOptions, type StudioParts, startEmbeddedDatabase, toParts } from '../backup/studio-parts.ts'
import { hasTable, quoteName } from '../backup/table-catalogue.ts'
import { lockFile } from '../launch/lock.ts'
import { StartError } from '../process/server-process.ts'

const MARKER = quoteName(UNFINISHED_RESTORE_TABLE)
/** Space that rows take in the database, with indexes and log, for each byte of their text. */
const ROW_SPACE = 3
const CLUSTER_VERSION_FILE = join('postgres', 'cluster', 'PG_VERSION')

/**
 * Opens the empty parts that the settings name, creating the embedded ones, and marks the database: no studio starts on it until
 * the restore has ended, and another restore of the same backup goes on.
 *
 * @throws StartError if a part is not empty, or a restore of another backup was broken off in it
 */
export async function openRestoreTarget(
  stack: AsyncDisposableStack,
  manifest: Manifest,
  options: OpenPartsOptions,
): Promise<StudioParts> {
  const config = readConfig()
  const dataDir = resolve(resolveDataDir(config))
  await lockDataDir(stack, dataDir)
  // Before a cluster is made: a refusal leaves nothing behind.
  if (config.DATABASE_URL === undefined && !existsSync(join(dataDir, CLUSTER_VERSION_FILE))) {
    await assertNoObjects(config, dataDir)
  }
  const url = config.DATABASE_URL ?? (await startEmbeddedDatabase(stack, dataDir, options))
  const parts = await toParts(config, dataDir, url)
  await markTarget(config, parts, manifest, options)
  return parts
}

/** Lets studios start on the target. To be called in the transaction that makes it whole. */
export async function unmarkTarget(tx: Queryable): Promise<void> {
  await tx.unsafe(`drop table ${MARKER}`)
}

/** Returns whether the rows are in the target. */
export async function areRowsRestored(db: Queryable): Promise<boolean> {
  const [marker] = await db.unsafe<{ done: boolean }[]>(`select rows_restored as done from ${MARKER}`)
  return marker?.done ?? false
}

export async function recordRowsRestored(tx: Queryable): Promise<void> {
  await tx.unsafe(`update ${MARKER} set rows_restored = true`)
}

async function lockDataDir(stack: AsyncDisposableStack, dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 }).catch(cause => {
    throw new StartError(`${dataDir} cannot be made. Set DATA_DIR to a folder that you can write to.`, { cause })
  })
  const unlock = lockFile(join(dataDir, 'lock'))
  if (!unlock) {
    throw new StartError(
      `A studio runs on ${dataDir}. Set DATA_DIR to an empty folder: a backup is restored beside it.`,
    )
  }
  stack.defer(unlock)
}

async function markTarget(
  config: Config,
  { databaseUrl: url, dataDir, journal }: StudioParts,
  manifest: Manifest,
  { onMessage }: OpenPartsOptions,
): Promise<void> {
  const log = createLog({ service: 'restore', level: 'silent' })
  await using stack = new AsyncDisposableStack()
  const database = openDatabase({ url, name: 'darkroom-restore', connections: 1, log })
  stack.defer(() => database.end({ timeout: 1 }))
  const unfinished = await readMarker(database)
  if (unfinished === manifest.id) return onMessage('A restore of this backup was broken off here: it goes on.')
  if (unfinished !== undefined) {
    throw new StartError(
      'A restore of another backup was broken off here. Empty the database and the store, or finish it.',
    )
  }
  await assertNoTables(database, config, dataDir)
  await assertNoObjects(config, dataDir)
  if ((await listFiles(journal)).length > 0) {
    throw new StartError(`${journal} is not empty: it has answers of another studio. Set DATA_DIR to an empty folder.`)
  }
  await assertEnoughSpace(config, dataDir, manifest)
  await database.begin(async tx => {
    await tx.unsafe(`create table ${MARKER} (backup_id uuid not null, rows_restored boolean not null default false)`)
    await tx`insert into ${tx(UNFINISHED_RESTORE_TABLE)} (backup_id) values (${manifest.id})`
  })
}

async function assertEnoughSpace(config: Config, dataDir: string, { objects, tables }: Manifest): Promise<void> {
  const rows = config.DATABASE_URL === undefined ? tables.reduce((sum, { bytes }) => sum + bytes, 0) * ROW_SPACE : 0
  const needed = rows + (readS3Settings(config) ? 0 : objects.bytes)
  const free = await getFreeBytes(dataDir)
  if (free >= needed) return
  const [has, needs] = [formatBytes(free), formatBytes(needed)]
  throw new StartError(`${dataDir} has ${has} free, and the backup needs ${needs}. Set DATA_DIR to a larger disk.`)
}

async function readMarker(db: Queryable): Promise<string | undefined> {
  if (!(await hasTable(db, UNFINISHED_RESTORE_TABLE))) return undefined
  const [marker] = await db.unsafe<{ id: string }[]>(`select backup_id as id from ${MARKER}`)
  return marker?.id
}

async function assertNoTables(db: Queryable, config: Config, dataDir: string): Promise<void> {
  const found =
    await db`select from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r' limit 1`
  if (found.length === 0) return
  throw new StartError(
    config.DATABASE_URL === undefined
      ? `There is a studio in ${dataDir}. Set DATA_DIR to an empty folder: a backup is restored beside it.`
      : 'The database of DATABASE_URL is not empty. Name an empty one: a backup is restored beside what is there.',
  )
}

async function assertNoObjects(config: Config, dataDir: string): Promise<void> {
  const s3 = readS3Settings(config)
  if (!(await hasObjects(await openStore({ DATA_DIR: dataDir, s3 })))) return
  throw new StartError(
    s3
      ? `The bucket ${s3.bucket} is not empty. Name an empty one by S3_BUCKET.`
      : `There are objects in ${dataDir}. Set DATA_DIR to an empty folder: a backup is restored beside it.`,
  )
}

async function hasObjects(store: Store): Promise<boolean> {
  for await (const _ of store.list('')) return true
  return false
}
