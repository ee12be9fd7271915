import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createFileWriter, digestFile, withIdleDeadline } from './digest.ts'
import type { BackupPaths } from './manifest.ts'
import { syncFolder } from './manifest.ts'

/** The objects of a backup folder: files that are named by their hash. */
export interface ObjectFiles {
  /** Returns whether the file of an object is there with its size, and with `verify` whether its bytes have the hash. */
  has(object: { bytes: number; sha256: string }, options: { verify: boolean }): Promise<boolean>
  /** Stores a stream, unless the folder has the same bytes already. @returns its size and hash */
  add(body: AsyncIterable<Uint8Array>): Promise<{ bytes: number; sha256: string }>
  /** Flushes the names of new files to disk. */
  sync(): Promise<void>
  remove(sha256: string): Promise<void>
}

const PARTIAL_FOLDER = '.partial'

/** Opens the objects of a backup folder, and removes files that a killed backup left half written. */
export async function openObjectFiles(paths: BackupPaths, signal: AbortSignal): Promise<ObjectFiles> {
  const partials = join(paths.objects, PARTIAL_FOLDER)
  await rm(partials, { recursive: true, force: true })
  await mkdir(partials, { recursive: true, mode: 0o700 })
  const changedFolders = new Set([paths.objects])
  const add = async (body: AsyncIterable<Uint8Array>) => {
    const partial = join(partials, crypto.randomUUID())
    try {
      const { bytes, sha256 } = await writeStream(partial, body, signal)
      const path = paths.object(sha256)
      // One of the same hash and another size is damaged, and replaced.
      if ((await sizeOf(path)) === bytes) return { bytes, sha256 }
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await rename(partial, path)
      changedFolders.add(dirname(path))
      return { bytes, sha256 }
    } finally {
      await rm(partial, { force: true })
    }
  }
  return {
    add,
    has: async ({ bytes, sha256 }, { verify }) => {
      const path = paths.object(sha256)
      if ((await sizeOf(path)) !== bytes) return false
      if (!verify || (await digestFile(path, signal)).sha256 === sha256) return true
      // Removed, so that the right bytes can be stored under this name.
      await rm(path, { force: true })
      return false
    },
    sync: async () => {
      for (const folder of changedFolders) await syncFolder(folder)
      changedFolders.clear()
    },
    remove: async sha256 => await rm(paths.object(sha256), { force: true }),
  }
}

async function writeStream(path: string, body: AsyncIterable<Uint8Array>, signal: AbortSignal) {
  const writer = await createFileWriter(path)
  try {
    for await (const chunk of withIdleDeadline(body, { operation: 'a read of the object store', signal })) {
      await writer.write(chunk)
    }
    return await writer.finish()
  } finally {
    await writer.close()
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ size }) => size,
    () => undefined,
  )
}
