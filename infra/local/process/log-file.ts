import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

export interface LogLimits {
  /** Size above which a file is rotated. */
  maxBytes: number
  /** Files of one log, the current one included: `x.log`, `x.log.1`, … */
  files: number
  /** Time between two checks of the size, in ms. */
  checkMs: number
}

/** A log that a process appends to by a descriptor of its own. */
export interface LogFile {
  /** Descriptor for the process. */
  descriptor: number
  /** Rotates the log if it is too large. */
  rotateIfLarge(): void
  /** Returns the end of what was appended since the log was opened, in at most `maxBytes`, a rotation notwithstanding. */
  readTail(maxBytes: number): Promise<string>
  /** Ends the checks of the size. */
  unwatch(): void
}

const MEGABYTE = 1024 * 1024
const LIMITS: LogLimits = { maxBytes: 10 * MEGABYTE, files: 3, checkMs: 10_000 }
const CHUNK_BYTES = MEGABYTE
const OWNER_ONLY = 0o600

/** Opens a log and watches its size, until `unwatch` is called. */
export function openLogFile(file: string, limits: LogLimits = LIMITS): LogFile {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  // From where on the current file, and the one before it, are of this process.
  let [start, previousStart] = [readSize(file), Number.POSITIVE_INFINITY]
  const rotateIfLarge = () => {
    if (readSize(file) <= limits.maxBytes || !rotate(file, limits.files)) return
    ;[start, previousStart] = [0, start]
  }
  rotateIfLarge()
  const timer = setInterval(rotateIfLarge, limits.checkMs)
  timer.unref()
  return {
    // In append mode the process goes on at the beginning of a file that was emptied.
    descriptor: openSync(file, 'a', OWNER_ONLY),
    rotateIfLarge,
    readTail: async maxBytes => {
      const previous = await readEnd(`${file}.1`, previousStart, maxBytes)
      return (previous + (await readEnd(file, start, maxBytes))).slice(-maxBytes)
    },
    unwatch: () => clearInterval(timer),
  }
}

/**
 * Copies the log to `<file>.1`, the older ones one further, and empties it: its process has it open and goes on in it. What the
 * process writes between the last read and the truncation is lost, which are two system calls in a row.
 *
 * @returns false if the disk is full; the log is then as it was
 */
function rotate(file: string, files: number): boolean {
  try {
    rmSync(`${file}.${files - 1}`, { force: true })
    for (let age = files - 1; age > 1; age--)
      if (readSize(`${file}.${age - 1}`) > 0) renameSync(`${file}.${age - 1}`, `${file}.${age}`)
    emptyInto(file, `${file}.1`)
    return true
  } catch {
    return false
  }
}

function emptyInto(file: string, copy: string): void {
  const [source, target] = [openSync(file, 'r+'), openSync(copy, 'w', OWNER_ONLY)]
  const chunk = new Uint8Array(CHUNK_BYTES)
  try {
    for (let length = readSync(source, chunk); length > 0; length = readSync(source, chunk)) {
      for (let written = 0; written < length; ) written += writeSync(target, chunk, written, length - written)
    }
    ftruncateSync(source, 0)
  } finally {
    closeSync(source)
    closeSync(target)
  }
}

function readSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

async function readEnd(file: string, start: number, maxBytes: number): Promise<string> {
  const written = Bun.file(file)
  const size = readSize(file)
  return size > start ? await written.slice(Math.max(start, size - maxBytes), size).text() : ''
}
