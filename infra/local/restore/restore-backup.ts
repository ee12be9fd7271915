import { resolve } from 'node:path'
import { openDatabase } from '../../src/database/connection.ts'
import { migrate } from '../../src/database/migrations.ts'
import { createLog } from '../../src/log.ts'
import { restoreJournal } from '../backup/journal-files.ts'
import { type BackupPaths, backupPaths, type Manifest, readManifest } from '../backup/manifest.ts'
import type { BackupProgress } from '../backup/progress.ts'
import { lockFile } from '../launch/lock.ts'
import { StartError } from '../process/server-process.ts'
import { type RestoredObjects, restoreObjects } from './restore-objects.ts'
import { markRestored, restoreRows, verifyTableFiles } from './restore-rows.ts'
import { openRestoreTarget, unmarkTarget } from './restore-target.ts'

export interface RestoreOptions {
  folder: string
  /** Objects that are stored at once. */
  concurrency: number
  /** Goes on without what is damaged in the backup. */
  skipDamaged: boolean
  progress: BackupProgress
  signal: AbortSignal
}

export interface RestoreResult {
  manifest: Manifest
  objects: RestoredObjects
  /** Description of what it was restored into, for people. */
  target: string
}

const MAX_NAMED = 20

/**
 * Restores a backup into empty parts: objects first, then all rows in one transaction, then the migrations that are newer than the
 * backup. Every byte is compared with the manifest. A restore that was broken off goes on when it is run again.
 *
 * @throws StartError with a sentence for people
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreResult> {
  const { folder, progress, signal } = options
  const manifest = await readManifest(resolve(folder))
  if (!manifest)
    throw new StartError(
      `There is no whole backup in ${resolve(folder)}. Name the folder that has its \`backup.json\`.`,
    )
  const paths = backupPaths(resolve(folder))
  const common = { paths, manifest, progress, signal }
  await using stack = new AsyncDisposableStack()
  stack.defer(lockBackup(paths))
  await verifyTableFiles(common)
  const parts = await openRestoreTarget(stack, manifest, { signal, onMessage: progress.line })
  const objects = await restoreObjects({ ...common, store: parts.store, concurrency: options.concurrency })
  if (objects.damaged.length > 0 && !options.skipDamaged) throw new StartError(formatDamaged(objects.damaged))
  const journal = { files: manifest.journal, from: paths.journal(manifest.id), to: parts.journal }
  await restoreJournal({ ...journal, skipDamaged: options.skipDamaged, signal })
  await restoreRows({ ...common, url: parts.databaseUrl })
  await migrate({ url: parts.databaseUrl, signal, isRestore: true, onMessage: progress.line })
  await finishTarget(parts.databaseUrl)
  return { manifest, objects, target: parts.description }
}

/** Lets studios start on the target. Statistics are collected: without them the first lists would be slow. */
async function finishTarget(url: string): Promise<void> {
  const log = createLog({ service: 'restore', level: 'silent' })
  await using stack = new AsyncDisposableStack()
  const database = openDatabase({ url, name: 'darkroom-restore', connections: 1, log })
  stack.defer(() => database.end({ timeout: 1 }))
  await database.begin(async tx => {
    await tx`set local statement_timeout = 0`
    await tx`analyze`
    await markRestored(tx)
    await unmarkTarget(tx)
  })
}

/** Locks a backup, so that no other replaces it meanwhile. One that is read-only needs no lock. */
function lockBackup(paths: BackupPaths): () => void {
  let unlock: (() => void) | undefined
  try {
    unlock = lockFile(paths.lock)
  } catch (error) {
    if (error instanceof StartError) return () => {}
    throw error
  }
  if (unlock) return unlock
  throw new StartError('A backup into this folder is under way. Wait until it has ended.')
}

function formatDamaged(keys: readonly string[]): string {
  const shown = keys.slice(0, MAX_NAMED).map(key => `  ${key}`)
  const more = keys.length > MAX_NAMED ? [`  and ${keys.length - MAX_NAMED} more`] : []
  return [
    `${keys.length} objects of the backup are damaged or not there:`,
    ...shown,
    ...more,
    'Use another copy of the backup, or restore with --skip-damaged to go on without them.',
  ].join('\n')
}
