import type { Dirent } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { readStream } from '../runtime/read-stream.ts'
import { type Body, type ByteRange, type Store, type StoredObject, StoreError, validateKey } from './store.ts'

const PARTIAL_FOLDER = '.partial'
const STALE_PARTIAL_MS = 24 * 3_600_000

/**
 * Opens a store in a folder. Bytes are written to a temporary file on the same file system, flushed, and renamed to their key
 * atomically: a crash leaves a whole object or none.
 *
 * @param options `root` is created when it is missing
 */
export async function openDiskStore(options: { root: string }): Promise<Store> {
  const root = resolve(options.root)
  const path = (key: string) => join(root, validateKey(key))
  await mkdir(join(root, PARTIAL_FOLDER), { recursive: true, mode: 0o700 })
  await removeStalePartials(join(root, PARTIAL_FOLDER))
  return {
    put: async (key, body, { signal }) => await writeObject({ root, path: path(key), body, signal }),
    get: async (key, { range } = {}) => {
      const object = await statObject(path(key))
      return object && { object, body: sliceFile(path(key), range) }
    },
    head: async key => await statObject(path(key)),
    remove: async (key, options) => {
      options?.signal.throwIfAborted()
      await rm(path(key), { force: true })
    },
    list: prefix => listKeys(root, prefix),
    ping: async () => {
      await stat(root)
    },
  }
}

/** Removes partial files that a crash left behind. Another process may still be writing those younger than a day. */
async function removeStalePartials(folder: string): Promise<void> {
  const before = Date.now() - STALE_PARTIAL_MS
  for (const name of await readdir(folder)) {
    const found = await stat(join(folder, name)).catch(() => null)
    if (found && found.mtimeMs < before) await rm(join(folder, name), { force: true })
  }
}

interface WriteRequest {
  root: string
  path: string
  body: Body
  signal: AbortSignal
}

async function writeObject({ root, path, body, signal }: WriteRequest): Promise<StoredObject> {
  signal.throwIfAborted()
  const partial = join(root, PARTIAL_FOLDER, crypto.randomUUID())
  try {
    const bytes = await writeAndSync(partial, body, signal)
    const firstCreated = await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await rename(partial, path)
    for (const folder of listFoldersToSync(dirname(path), firstCreated)) await syncFolder(folder)
    return await verifyStored(path, bytes)
  } finally {
    await rm(partial, { force: true })
  }
}

async function writeAndSync(path: string, body: Body, signal: AbortSignal): Promise<number> {
  const file = await open(path, 'wx', 0o600)
  try {
    const bytes = await writeAll(file, body, signal)
    await file.sync()
    return bytes
  } finally {
    await file.close()
  }
}

async function writeAll(file: FileHandle, body: Body, signal: AbortSignal): Promise<number> {
  let bytes = 0
  for await (const chunk of toChunks(body, signal)) {
    await file.writeFile(chunk)
    bytes += chunk.byteLength
  }
  if ('path' in body && bytes !== body.bytes) throw new StoreError(`file has ${bytes} bytes instead of ${body.bytes}`)
  return bytes
}

function toChunks(body: Body, signal: AbortSignal): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (body instanceof Uint8Array) return [body]
  return readStream('path' in body ? Bun.file(body.path).stream() : body, signal)
}

/** Returns a file's folder and, if folders were created for it, each parent up to the one the first was created in. */
function listFoldersToSync(folder: string, firstCreated: string | undefined): string[] {
  const top = firstCreated === undefined ? folder : dirname(firstCreated)
  return folder === top ? [folder] : [folder, ...listFoldersToSync(dirname(folder), firstCreated)]
}

/** Flushes a folder's entries to disk. A rename is durable only once the folder is, and a new folder once its parent is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().finally(() => folder.close())
}

async function verifyStored(path: string, bytes: number): Promise<StoredObject> {
  const object = await statObject(path)
  if (object?.bytes === bytes) return object
  throw new StoreError(`stored ${object?.bytes ?? 0} of ${bytes} bytes`)
}

async function statObject(path: string): Promise<StoredObject | null> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw error
  })
  return found?.isFile() ? { bytes: found.size, lastModified: found.mtime } : null
}

function sliceFile(path: string, range: ByteRange | undefined): Blob {
  const file = Bun.file(path)
  return range ? file.slice(range.start, range.end + 1) : file
}

/** Yields the keys that begin with `prefix`. Reads only the folder that can contain them. */
async function* listKeys(root: string, prefix: string): AsyncGenerator<string> {
  const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))
  const entries = await readEntries(folder === '' ? root : join(root, validateKey(folder)))
  for (const entry of entries) {
    const key = join(entry.parentPath, entry.name).slice(root.length + 1)
    if (entry.isFile() && key.startsWith(prefix) && !key.startsWith(PARTIAL_FOLDER)) yield key
  }
}

async function readEntries(folder: string): Promise<Dirent[]> {
  return await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
}
