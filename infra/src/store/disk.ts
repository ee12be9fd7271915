import type { Dirent } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { readStream } from '../runtime/read-stream.ts'
import {
  type Body,
  type ByteRange,
  type ListedObject,
  type Store,
  type StoredObject,
  StoreError,
  validateKey,
} from './store.ts'

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
  await removePartials(join(root, PARTIAL_FOLDER), new Date(Date.now() - STALE_PARTIAL_MS))
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
    list: (prefix, { after = '' } = {}) => listObjects({ root, prefix, after }, ''),
    removeUnfinished: before => removePartials(join(root, PARTIAL_FOLDER), before),
    ping: async () => {
      await stat(root)
    },
  }
}

/** Removes partial files that a crash left behind. Another process may still be writing the younger ones. @returns their number */
async function removePartials(folder: string, before: Date): Promise<number> {
  let removed = 0
  for (const name of await readdir(folder)) {
    const found = await stat(join(folder, name)).catch(() => null)
    if (!found || found.mtime >= before) continue
    await rm(join(folder, name), { force: true })
    removed += 1
  }
  return removed
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

interface ListRequest {
  root: string
  prefix: string
  after: string
}

/**
 * Yields the objects in a folder and its subfolders, in the order of their keys. Reads only the folders that can contain what was
 * requested, one at a time.
 *
 * @param folder key of the folder with a slash at its end; empty for the root
 */
async function* listObjects(request: ListRequest, folder: string): AsyncGenerator<ListedObject> {
  const { root, prefix, after } = request
  const entries = await readEntries(join(root, folder))
  // A folder is sorted by its keys, which go on with a slash: `a.png` comes before `a/b.png`.
  const keys = entries.map(entry => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`).sort(compareCodeUnits)
  for (const key of keys) {
    if (folder === '' && key === `${PARTIAL_FOLDER}/`) continue
    if (key.endsWith('/')) {
      if (mayContain(key, request)) yield* listObjects(request, key)
    } else if (key.startsWith(prefix) && key > after) {
      const object = await statObject(join(root, key))
      if (object) yield { key, ...object }
    }
  }
}

function mayContain(folder: string, { prefix, after }: ListRequest): boolean {
  const isInPrefix = folder.startsWith(prefix) || prefix.startsWith(folder)
  return isInPrefix && (after.startsWith(folder) || folder > after)
}

function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : 1
}

async function readEntries(folder: string): Promise<Dirent[]> {
  return await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
}
