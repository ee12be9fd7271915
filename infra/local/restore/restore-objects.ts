import { stat } from 'node:fs/promises'
import { readStream } from '../../src/runtime/read-stream.ts'
import { retry } from '../../src/runtime/retry.ts'
import { RETRY_POLICIES } from '../../src/runtime/retry-policies.ts'
import type { Store } from '../../src/store/store.ts'
import { createDigest, digestFile, withIdleDeadline } from '../backup/digest.ts'
import { isDiskFull } from '../backup/disk-full.ts'
import type { BackupPaths, Manifest } from '../backup/manifest.ts'
import { mapInOrder } from '../backup/map-in-order.ts'
import { isMissing, readEntries, type StoredEntry } from '../backup/object-list.ts'
import type { BackupProgress } from '../backup/progress.ts'
import { StartError } from '../process/server-process.ts'

export interface RestoreObjectsOptions {
  store: Pick<Store, 'put' | 'get'>
  paths: BackupPaths
  manifest: Manifest
  /** Objects that are stored at once. */
  concurrency: number
  progress: BackupProgress
  signal: AbortSignal
}

export interface RestoredObjects {
  count: number
  bytes: number
  /** Objects whose file in the backup is damaged or not there. They are not stored. */
  damaged: string[]
}

/**
 * Stores the objects of a backup, several at once, and reads each back: its bytes must have the hash in the list. What an earlier,
 * broken off restore has stored is only read back.
 *
 * @throws StartError if the list is damaged; the error of the store, once it has failed for longer than a restart takes
 */
export async function restoreObjects(options: RestoreObjectsOptions): Promise<RestoredObjects> {
  const { paths, manifest, concurrency, progress, signal } = options
  const list = paths.objectList(manifest.id)
  await verifyList(list, options)
  const step = progress.startStep('Objects', manifest.objects.count, 'objects')
  const restored: RestoredObjects = { count: 0, bytes: 0, damaged: [] }
  const results = mapInOrder(readStoredEntries(list, signal), concurrency, async entry => {
    return { entry, isRestored: await restoreObject(options, entry) }
  })
  for await (const { entry, isRestored } of results) {
    if (!isRestored) restored.damaged.push(entry.key)
    restored.count += Number(isRestored)
    restored.bytes += isRestored ? entry.bytes : 0
    step.advance(1, isRestored ? entry.bytes : 0)
  }
  step.end(`${restored.count} stored, read back and compared`)
  return restored
}

async function verifyList(list: string, { manifest, signal }: RestoreObjectsOptions): Promise<void> {
  const digest = await digestFile(list, signal)
  if (digest.sha256 === manifest.objects.list.sha256) return
  throw new StartError(
    `${list} is damaged: its bytes are not those that were backed up. Use another copy of the backup.`,
  )
}

async function* readStoredEntries(list: string, signal: AbortSignal): AsyncGenerator<StoredEntry> {
  for await (const entry of readEntries(list, signal)) if (!isMissing(entry)) yield entry
}

/** Returns false if the file of the object in the backup is not as it was. */
async function restoreObject(options: RestoreObjectsOptions, entry: StoredEntry): Promise<boolean> {
  const { store, paths, signal } = options
  const { key, bytes, sha256 } = entry
  const file = { path: paths.object(sha256), bytes, sha256 }
  const putOnce = async () => {
    if (await isStored(options, entry)) return true
    if (!(await isIntact(file, signal))) return false
    await store.put(key, file, { signal })
    if (await isStored(options, entry)) return true
    throw new Error(`the store returned other bytes for ${key} than were stored`)
  }
  const isRetryable = (error: unknown) => !isDiskFull(error)
  return await retry(putOnce, { policy: RETRY_POLICIES.backupObject, signal, isRetryable })
}

async function isIntact(file: { path: string; bytes: number; sha256: string }, signal: AbortSignal): Promise<boolean> {
  const found = await stat(file.path).catch(() => undefined)
  return found?.size === file.bytes && (await digestFile(file.path, signal)).sha256 === file.sha256
}

/** Reads an object from the store and compares its hash. */
async function isStored(
  { store, signal }: RestoreObjectsOptions,
  { key, bytes, sha256 }: StoredEntry,
): Promise<boolean> {
  const found = await store.get(key)
  if (!found) return false
  const body = found.body instanceof Blob ? found.body.stream() : found.body
  if (found.object.bytes !== bytes) {
    await body.cancel()
    return false
  }
  const digest = createDigest()
  const chunks = withIdleDeadline(readStream(body, signal), { operation: 'a read of the object store', signal })
  for await (const chunk of chunks) digest.update(chunk)
  return digest.finish().sha256 === sha256
}
