import { readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BackupPaths, Manifest } from './manifest.ts'
import { isMissing, readEntries } from './object-list.ts'

const HASH_NAME = /^[0-9a-f]{64}$/
const FOLDER_NAME = /^[0-9a-f]{2}$/
/** First digits of a hash that identify it well enough: two that share them only leave one file too many. */
const PREFIX_DIGITS = 16

/** Lists the ids of the snapshots in a backup folder: those of the backup, and those that killed ones left. */
export async function listSnapshots(paths: BackupPaths): Promise<string[]> {
  return await readdir(paths.snapshots).catch(() => [])
}

/** Removes everything from a backup folder that its backup does not need: earlier backups, and remains of killed ones. */
export async function pruneBackup(
  paths: BackupPaths,
  { id, objects }: Pick<Manifest, 'id' | 'objects'>,
  signal: AbortSignal,
): Promise<void> {
  for (const other of await listSnapshots(paths)) {
    if (other !== id) await rm(paths.snapshot(other), { recursive: true, force: true })
  }
  const needed = await readPrefixes(paths.objectList(id), objects.count, signal)
  for (const folder of await readdir(paths.objects)) {
    if (!FOLDER_NAME.test(folder)) continue
    for (const name of await readdir(join(paths.objects, folder))) {
      signal.throwIfAborted()
      if (HASH_NAME.test(name) && !includes(needed, toPrefix(name))) await rm(paths.object(name), { force: true })
    }
  }
}

/** Removes what a backup that has failed left, except the list of its objects, by which the next one finds them. */
export async function dropFailedSnapshot(paths: BackupPaths, id: string): Promise<void> {
  await rm(dirname(paths.table(id, 'any')), { recursive: true, force: true })
  await rm(paths.namedObjects(id), { force: true })
  await rm(paths.journal(id), { recursive: true, force: true })
}

/** Reads the hashes of a list, sorted: eight bytes each, because there may be millions. */
async function readPrefixes(list: string, count: number, signal: AbortSignal): Promise<BigUint64Array> {
  const prefixes = new BigUint64Array(count)
  let at = 0
  for await (const entry of readEntries(list, signal)) if (!isMissing(entry)) prefixes[at++] = toPrefix(entry.sha256)
  return prefixes.sort()
}

function toPrefix(sha256: string): bigint {
  return BigInt(`0x${sha256.slice(0, PREFIX_DIGITS)}`)
}

function includes(sorted: BigUint64Array, value: bigint): boolean {
  let [low, high] = [0, sorted.length - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const found = sorted[middle] ?? 0n
    if (found === value) return true
    if (found < value) low = middle + 1
    else high = middle - 1
  }
  return false
}
