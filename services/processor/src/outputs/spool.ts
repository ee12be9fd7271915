import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isProcessAlive } from '@darkroom/infra/runtime/process-liveness'
import type { FileBody } from '@darkroom/infra/store/store'
import { createMd5Thread, type Md5Thread } from './md5-thread.ts'

/** A folder for outputs that are too large to be buffered in memory. */
export interface Spool {
  /**
   * Writes a stream to a new file, one chunk at a time.
   *
   * @throws the error that `chunks` throws; the file is removed then
   */
  write(chunks: AsyncIterable<Uint8Array>): Promise<SpooledFile>
}

/** A file that is removed when it is disposed of. */
export interface SpooledFile extends FileBody, AsyncDisposable {}

interface SpoolOptions {
  directory: string
  hasMd5?: boolean
}

const ABANDONED_MS = 24 * 3_600_000
const COLLECT_BYTES = 40 * 1024 * 1024

/**
 * Opens the folder, creating it if it is missing, and removes the files of processes that have ended.
 *
 * @param options `hasMd5`: whether the MD5 of a file is computed as it is written, for a store that compares it. False unless given
 */
export async function openSpool({ directory, hasMd5 = false }: SpoolOptions): Promise<Spool> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await removeAbandonedFiles(directory)
  const onChunk = createGarbageCollection()
  const md5Thread = hasMd5 ? createMd5Thread() : undefined
  return {
    async write(chunks) {
      const path = join(directory, `${process.pid}.${crypto.randomUUID()}.${hostname()}`)
      const remove = () => rm(path, { force: true })
      try {
        return { path, ...(await writeChunks(path, chunks, { md5Thread, onChunk })), [Symbol.asyncDispose]: remove }
      } catch (error) {
        await remove()
        throw error
      }
    },
  }
}

async function writeChunks(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  { md5Thread, onChunk }: { md5Thread: Md5Thread | undefined; onChunk: (bytes: number) => void },
): Promise<Omit<FileBody, 'path'>> {
  const sha256 = new Bun.CryptoHasher('sha256')
  let bytes = 0
  // Not Bun's own file sink: its `write` and `flush` do not report a full disk.
  const file = await open(path, 'wx', 0o600)
  const md5 = md5Thread?.open(path)
  try {
    await using _ = file
    for await (const chunk of chunks) {
      sha256.update(chunk)
      bytes += chunk.byteLength
      await file.writeFile(chunk)
      md5?.grow(bytes)
      onChunk(chunk.byteLength)
    }
  } catch (error) {
    md5?.abandon()
    throw error
  }
  // Without it the store reads the file once more.
  const digest = await md5?.complete()
  return { bytes, sha256: sha256.digest('hex'), ...(digest !== undefined && { md5: digest }) }
}

/**
 * Creates the garbage collection after every 40 MB of chunks, of all files: they are outside of the heap, and 80 MB more of them would be left
 * for later.
 */
function createGarbageCollection(): (bytes: number) => void {
  let bytes = 0
  return more => {
    bytes += more
    if (bytes < COLLECT_BYTES) return
    bytes = 0
    Bun.gc(true)
  }
}

async function removeAbandonedFiles(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    const stats = await stat(path).catch(() => null)
    if (stats && isAbandoned(name, stats.mtimeMs)) await rm(path, { force: true })
  }
}

/**
 * Returns whether a file's process has ended. Several machines may share the folder, and only this one's processes can be
 * checked: the files of the others are abandoned after a day.
 */
function isAbandoned(name: string, writtenAt: number): boolean {
  const [pid = '', , ...host] = name.split('.')
  if (host.join('.') !== hostname()) return writtenAt < Date.now() - ABANDONED_MS
  // In a container, earlier processes may have had the same pid.
  if (Number(pid) === process.pid) return writtenAt < performance.timeOrigin
  return !isProcessAlive(Number(pid))
}
