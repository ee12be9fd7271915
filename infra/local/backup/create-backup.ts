import { mkdir, readdir, rm } from 'node:fs/promises'
import { relative, resolve, sep } from 'node:path'
import { isTransientDbError } from '../../src/database/errors.ts'
import { readMigrationState } from '../../src/database/migrations.ts'
import { readReason } from '../../src/runtime/error-code.ts'
import { retry } from '../../src/runtime/retry.ts'
import { RETRY_POLICIES } from '../../src/runtime/retry-policies.ts'
import { lockFile } from '../launch/lock.ts'
import { readMode } from '../launch/restored-mode.ts'
import { StartError } from '../process/server-process.ts'
import { type CopiedObjects, copyObjects } from './copy-objects.ts'
import { createJournalCopy } from './journal-files.ts'
import {
  BACKUP_FORMAT,
  type BackupPaths,
  backupPaths,
  type Manifest,
  readManifest,
  syncFolder,
  writeManifest,
} from './manifest.ts'
import { readNamedObjects } from './named-objects.ts'
import { openObjectFiles } from './object-files.ts'
import { openLookup } from './object-list.ts'
import { withRemovalsPaused } from './pause-removals.ts'
import type { BackupProgress } from './progress.ts'
import { dropFailedSnapshot, listSnapshots, pruneBackup } from './prune.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'
import type { StudioParts } from './studio-parts.ts'

export interface CreateBackupOptions {
  folder: string
  parts: StudioParts
  /** Objects that are copied at once. */
  concurrency: number
  /** Reads the objects that the folder has already again, and compares their hash. */
  verify: boolean
  progress: BackupProgress
  signal: AbortSignal
}

export interface BackupResult {
  manifest: Manifest
  objects: CopiedObjects
}

const BACKUP_ENTRIES = /^(backup\.json(\.new)?|lock(-journal)?|snapshots|objects|lost\+found)$/

/**
 * Writes the rows and the objects of one moment into a folder. The backup that the folder has stays valid until this one is
 * whole; then it is replaced, and what it alone needed is removed. Objects that the folder has are not copied again.
 *
 * @throws StartError with a sentence for people
 */
export async function createBackup(options: CreateBackupOptions): Promise<BackupResult> {
  const folder = resolve(options.folder)
  await prepareFolder(folder, options.parts.dataDir)
  const paths = backupPaths(folder)
  const unlock = lockFile(paths.lock)
  if (!unlock) throw new StartError(`Another backup or restore works in ${folder}. Wait until it has ended.`)
  try {
    await assertKnownVersion(options.parts.databaseUrl)
    const id = crypto.randomUUID()
    return await writeBackup({ ...options, folder }, paths, id).catch(async error => {
      await dropFailedSnapshot(paths, id).catch(() => {})
      throw error
    })
  } finally {
    unlock()
  }
}

async function writeBackup(options: CreateBackupOptions, paths: BackupPaths, id: string): Promise<BackupResult> {
  const { folder, parts, signal } = options
  const previous = await readManifest(folder)
  if (previous) await assertTakenOver(folder, parts.databaseUrl)
  const earlier = await listSnapshots(paths)
  for (const other of earlier) if (other !== previous?.id) await dropFailedSnapshot(paths, other)
  const result = await withRemovalsPaused(parts.databaseUrl, signal, async () => {
    const { namedObjects, journal, ...snapshot } = await copyRows(options, paths, id)
    assertSameStudio(folder, previous, snapshot)
    const objects = await copyNamedObjects(options, paths, { id, earlier, count: namedObjects })
    const { list, count, bytes, missingCount: missing, damagedCount: damaged } = objects
    const contents = { list, count, bytes, missing, damaged }
    return { manifest: { format: BACKUP_FORMAT, id, ...snapshot, objects: contents, journal }, objects } as const
  })
  await rm(paths.namedObjects(id), { force: true })
  for (const changed of [paths.snapshot(id), paths.snapshots, folder]) await syncFolder(changed)
  signal.throwIfAborted()
  await writeManifest(folder, result.manifest)
  await pruneBackup(paths, result.manifest, signal)
  return result
}

/** Copies the rows of one moment, and the answers that were not stored at that moment. */
async function copyRows({ parts, progress, signal }: CreateBackupOptions, paths: BackupPaths, id: string) {
  const policy = RETRY_POLICIES.backupDatabase
  const take = async (): Promise<Snapshot & Pick<Manifest, 'journal'>> => {
    const journal = createJournalCopy({ from: parts.journal, to: paths.journal(id), signal })
    await journal.copy()
    const options = { url: parts.databaseUrl, paths, id, onBegun: journal.copy, progress, signal }
    return { ...(await takeSnapshot(options)), journal: journal.list() }
  }
  const onRetry = (error: unknown) => progress.line(`The database was lost (${readReason(error)}). Trying again…`)
  return await retry(take, { policy, signal, isRetryable: isTransientDbError, onRetry })
}

async function copyNamedObjects(
  { parts, concurrency, verify, progress, signal }: CreateBackupOptions,
  paths: BackupPaths,
  { id, earlier, count }: { id: string; earlier: readonly string[]; count: number },
): Promise<CopiedObjects> {
  const files = await openObjectFiles(paths, signal)
  await using known = openLookup(earlier.map(paths.objectList), signal)
  const step = progress.startStep('Objects', count, 'objects')
  const named = readNamedObjects(paths.namedObjects(id), signal)
  const copying = { store: parts.store, files, known, named, list: paths.objectList(id) }
  const objects = await copyObjects({ ...copying, concurrency, verify, step, signal })
  await files.sync()
  step.end(`${objects.copied} copied, ${objects.count - objects.copied} were there`)
  return objects
}

async function prepareFolder(folder: string, dataDir: string): Promise<void> {
  if (isInside(folder, dataDir)) {
    throw new StartError(
      `${folder} is in the data directory ${dataDir}, and would be lost with it. Name another folder.`,
    )
  }
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(cause => {
    throw new StartError(`${folder} cannot be made. Name a folder that you can write to.`, { cause })
  })
  const others = (await readdir(folder)).filter(name => !BACKUP_ENTRIES.test(name))
  if (others.length === 0) return
  throw new StartError(`${folder} has other files in it (${others[0]}). Name an empty folder, or one with a backup.`)
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way === '' || way.split(sep)[0] !== '..'
}

async function assertKnownVersion(url: string): Promise<void> {
  const { unknown } = await readMigrationState(url)
  if (unknown.length === 0) return
  throw new StartError(
    `The database was made by a newer Darkroom (it has ${unknown.join(', ')}). Back up with that version.`,
  )
}

/** Asserts that the studio has taken over: a restored copy has the identity of its original, whose backup it would replace. */
async function assertTakenOver(folder: string, url: string): Promise<void> {
  if ((await readMode(url)) !== 'restored') return
  throw new StartError(
    `This is a restored copy that has not taken over, and ${folder} has a backup, maybe its original's. Name another folder.`,
  )
}

function assertSameStudio(folder: string, previous: Manifest | undefined, { studioId }: { studioId: string | null }) {
  if (!previous?.studioId || !studioId || previous.studioId === studioId) return
  throw new StartError(`${folder} has the backup of another studio. Name another folder.`)
}
