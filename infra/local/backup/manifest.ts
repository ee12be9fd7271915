import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { StartError } from '../process/server-process.ts'

/** Version of the format of a backup. It rises when an older `restore` could not read what a newer `backup` writes. */
export const BACKUP_FORMAT = 1

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const Count = z.int().nonnegative()
const FileName = z.string().regex(/^(?!\.)[^/\\]+(\/(?!\.)[^/\\]+)*$/)

const BackedUpTable = z.strictObject({
  name: z.string(),
  columns: z.array(z.string()),
  /** Number of rows, which are lines of the file: the text format of COPY, in the order of the primary key. */
  rows: Count,
  bytes: Count,
  sha256: Sha256,
})
export type BackedUpTable = z.infer<typeof BackedUpTable>

const BackedUpFile = z.strictObject({ name: FileName, bytes: Count, sha256: Sha256 })
export type BackedUpFile = z.infer<typeof BackedUpFile>

const Sequence = z.strictObject({ table: z.string(), column: z.string(), last: Count, isCalled: z.boolean() })
export type Sequence = z.infer<typeof Sequence>

/** The table of contents of a backup, in `backup.json`. A folder without it has no whole backup. */
export const Manifest = z.strictObject({
  format: z.literal(BACKUP_FORMAT),
  id: z.uuid(),
  /** Time of the moment that the backup is of. */
  createdAt: z.iso.datetime(),
  /** Identity of the studio; null if its tables are older than it. */
  studioId: z.uuid().nullable(),
  /** Every migration that the database had, in order. */
  migrations: z.array(z.string()).min(1),
  tables: z.array(BackedUpTable),
  sequences: z.array(Sequence),
  objects: z.strictObject({
    /** The list of the objects, a line of JSON each, sorted by key. */
    list: z.strictObject({ bytes: Count, sha256: Sha256 }),
    count: Count,
    bytes: Count,
    /** Objects that rows name and the store did not have. */
    missing: Count,
    /** Objects whose bytes differ from the hash in their row. */
    damaged: Count,
  }),
  /** Answers of providers that were not stored yet. */
  journal: z.array(BackedUpFile),
})
export type Manifest = z.infer<typeof Manifest>

const MANIFEST_FILE = 'backup.json'

/** Returns the paths inside a backup folder. */
export function backupPaths(folder: string) {
  const snapshot = (id: string) => join(folder, 'snapshots', id)
  return {
    manifest: join(folder, MANIFEST_FILE),
    lock: join(folder, 'lock'),
    snapshots: join(folder, 'snapshots'),
    snapshot,
    table: (id: string, name: string) => join(snapshot(id), 'tables', `${name}.copy`),
    objectList: (id: string) => join(snapshot(id), 'objects.jsonl'),
    /** Keys that rows name: only there while a backup runs. */
    namedObjects: (id: string) => join(snapshot(id), 'named-objects.tsv'),
    journal: (id: string) => join(snapshot(id), 'journal'),
    objects: join(folder, 'objects'),
    /** Objects are files named by their hash: equal ones are stored once, and none is ever overwritten. */
    object: (sha256: string) => join(folder, 'objects', sha256.slice(0, 2), sha256),
  }
}
export type BackupPaths = ReturnType<typeof backupPaths>

/** Reads the manifest of a folder. @returns undefined if it has no whole backup @throws StartError if it cannot be read */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readFile(backupPaths(folder).manifest, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const found = parseJson(text)
  const { format } = z.object({ format: z.int() }).safeParse(found).data ?? {}
  if (format !== undefined && format > BACKUP_FORMAT) {
    throw new StartError(`This backup is of format ${format}, made by a newer Darkroom. Use that version.`)
  }
  const manifest = Manifest.safeParse(found)
  if (manifest.success) return manifest.data
  throw new StartError(`${backupPaths(folder).manifest} is damaged: it is no list of a backup.`, {
    cause: manifest.error,
  })
}

/** Replaces the manifest atomically. From then on the folder's backup is this one. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const { manifest: file } = backupPaths(folder)
  await writeDurably(`${file}.new`, `${JSON.stringify(Manifest.parse(manifest), null, 2)}\n`)
  await rename(`${file}.new`, file)
  await syncFolder(folder)
}

/** Flushes the entries of a folder to disk: a new name is durable only then. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().finally(() => folder.close())
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
