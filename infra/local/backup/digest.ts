import { type FileHandle, open } from 'node:fs/promises'
import { withDeadline } from '../../src/runtime/timers.ts'

/** Size, number of lines and hash of what was read or written. */
export interface Digest {
  bytes: number
  lines: number
  /** In hex. */
  sha256: string
}

const BUFFER_BYTES = 1024 * 1024
const LINE_FEED = 10
/** Longest wait for the next bytes of a disk, a database or a store that answers at all. */
const IDLE_MS = 120_000

/** Creates a counter of bytes and lines that hashes as well. */
export function createDigest() {
  const hasher = new Bun.CryptoHasher('sha256')
  let [bytes, lines] = [0, 0]
  return {
    update: (chunk: Uint8Array) => {
      hasher.update(chunk)
      bytes += chunk.byteLength
      lines += countLines(chunk)
    },
    finish: (): Digest => ({ bytes, lines, sha256: hasher.digest('hex') }),
  }
}

/** A new file that is written in large pieces. */
export interface FileWriter {
  write(chunk: Uint8Array): Promise<void>
  /** Flushes the file to disk. @returns the digest of all that was written */
  finish(): Promise<Digest>
  /** Closes the file without flushing it. Does nothing after `finish`. */
  close(): Promise<void>
}

/** Creates a file, or empties the one that is there. */
export async function createFileWriter(path: string): Promise<FileWriter> {
  const file = await open(path, 'w', 0o600)
  const digest = createDigest()
  let [buffered, bytes, isOpen]: [Uint8Array[], number, boolean] = [[], 0, true]
  const flush = async () => {
    const whole = buffered.length === 1 ? buffered[0] : Buffer.concat(buffered)
    ;[buffered, bytes] = [[], 0]
    if (whole) await writeAll(file, whole)
  }
  const close = async () => {
    if (isOpen) await file.close()
    isOpen = false
  }
  return {
    write: async chunk => {
      digest.update(chunk)
      buffered.push(chunk)
      bytes += chunk.byteLength
      if (bytes >= BUFFER_BYTES) await flush()
    },
    finish: async () => {
      await flush()
      await file.sync()
      await close()
      return digest.finish()
    },
    close,
  }
}

/** Reads a file and returns its digest. */
export async function digestFile(path: string, signal: AbortSignal): Promise<Digest> {
  const digest = createDigest()
  for await (const chunk of readFileChunks(path, signal)) digest.update(chunk)
  return digest.finish()
}

/** Yields the bytes of a file in large pieces. */
export async function* readFileChunks(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r')
  try {
    for (;;) {
      signal.throwIfAborted()
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(BUFFER_BYTES), 0, BUFFER_BYTES)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** Yields the lines of a file, the last one only if it ends in a line feed. */
export async function* readLines(path: string, signal: AbortSignal): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of readFileChunks(path, signal)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

/**
 * Yields what a source yields, and does not wait longer than `IDLE_MS` for the next piece.
 *
 * @throws DeadlineError if nothing comes; the signal's reason once it is aborted. The source is not waited for then
 */
export async function* withIdleDeadline<T>(
  source: AsyncIterable<T>,
  { operation, signal }: { operation: string; signal: AbortSignal },
): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  let hasEnded = false
  try {
    for (;;) {
      const next = await withDeadline(iterator.next(), { milliseconds: IDLE_MS, operation, signal })
      hasEnded = next.done === true
      if (next.done) return
      yield next.value
    }
  } finally {
    if (!hasEnded) void iterator.return?.().catch(() => {})
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.byteLength; ) from += (await file.write(bytes, from)).bytesWritten
}

function countLines(chunk: Uint8Array): number {
  let count = 0
  for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, at + 1)) count += 1
  return count
}
