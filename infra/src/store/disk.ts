import type { Dirent } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type Body, type ByteRange, type Store, type StoredObject, StoreError, validateKey } from './store.ts'

const PARTIAL_FOLDER = '.partial'
const STALE_PARTIAL_MS = 24 * 3_600_000

/**
 * A store in a folder. Bytes go to a file beside their place, are flushed, and then take their name in one step, so that a
 * crash leaves a whole object or none.
 *
 * @param options `root` is made if it is not there
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

/** Removes what a crash left half written. Whoever still writes has written within the day. */
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
  if ('path' in body && bytes !== body.bytes) throw new StoreError(`a file of ${body.bytes} bytes has ${bytes}`)
  return bytes
}

function toChunks(body: Body, signal: AbortSignal): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (body instanceof Uint8Array) return [body]
  return readUntilAborted('path' in body ? Bun.file(body.path).stream() : body, signal)
}

/** What a stream brings; one that has stalled is let go of on an abort as well. */
async function* readUntilAborted(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  const cancelReader = () => void reader.cancel(signal.reason).catch(() => {})
  signal.addEventListener('abort', cancelReader, { once: true })
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
    signal.throwIfAborted()
  } finally {
    signal.removeEventListener('abort', cancelReader)
    cancelReader()
  }
}

/** The folder of a file and, if folders were made for it, each one above up to the one that the first was made in. */
function listFoldersToSync(folder: string, firstCreated: string | undefined): string[] {
  const top = firstCreated === undefined ? folder : dirname(firstCreated)
  return folder === top ? [folder] : [folder, ...listFoldersToSync(dirname(folder), firstCreated)]
}

/** A rename is only as durable as the folder it is written in, and that one as the folder above. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().finally(() => folder.close())
}

async function verifyStored(path: string, bytes: number): Promise<StoredObject> {
  const object = await statObject(path)
  if (object?.bytes === bytes) return object
  throw new StoreError(`kept ${object?.bytes ?? 0} of ${bytes} bytes`)
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

/** Looks only where keys with that beginning can be. */
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
