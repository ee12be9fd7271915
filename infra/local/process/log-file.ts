import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { untilNextMultiple } from '../../src/runtime/timers.ts'
import { copyTail } from './log-copy.ts'

export interface LogLimits {
  /** Size above which a file is rotated. An older file has at most one and a half times that. */
  maxBytes: number
  /** Files of one log, the current one included: `x.log`, `x.log.1`, … */
  files: number
  /** Time between two checks of the size, in ms. It is a fortieth of that while the log grows fast. */
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
/** Limits of the log of each part. */
export const LOG_LIMITS: LogLimits = { maxBytes: 10 * MEGABYTE, files: 3, checkMs: 2_000 }
/** Growth in the time between two checks, as a part of the limit, from which the next check is early. */
const FAST_GROWTH = 0.05
/** A log is a little larger than its limit when that is noticed: all of it is copied then. */
const OLD_FILE_FACTOR = 1.5
const OWNER_ONLY = 0o600

/** Opens a log and watches its size, until `unwatch` is called. */
export function openLogFile(file: string, limits: LogLimits = LOG_LIMITS): LogFile {
  const { descriptor, problem } = openForAppend(file)
  // From where on the current file, and the one before it, are of this process.
  let [start, previousStart] = [readSize(file), Number.POSITIVE_INFINITY]
  const rotateIfLarge = () => {
    const skipped = readSize(file) > limits.maxBytes ? rotate(file, limits) : undefined
    if (skipped !== undefined) [start, previousStart] = [0, Math.max(0, start - skipped)]
  }
  rotateIfLarge()
  return {
    descriptor,
    rotateIfLarge,
    readTail: async maxBytes => {
      if (problem) return problem
      const previous = await readEnd(`${file}.1`, previousStart, maxBytes)
      return (previous + (await readEnd(file, start, maxBytes))).slice(-maxBytes)
    },
    unwatch: watchSize(file, limits, rotateIfLarge),
  }
}

/**
 * Opens the file for a process. In append mode it goes on at the beginning of a file that was emptied. Where no file can be created,
 * on a full disk most of all, what the process writes is lost: that is no reason not to run it. Its last lines then say so.
 */
function openForAppend(file: string): { descriptor: number; problem?: string } {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    return { descriptor: openSync(file, 'a', OWNER_ONLY) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { descriptor: openSync('/dev/null', 'a'), problem: `Its log cannot be written: ${reason}` }
  }
}

/** Checks the size again and again, often while the log grows fast. @returns a function that ends that */
function watchSize(file: string, limits: LogLimits, rotateIfLarge: () => void): () => void {
  let last = { size: readSize(file), at: performance.now() }
  const check = () => {
    const now = { size: readSize(file), at: performance.now() }
    const growth = { bytes: Math.abs(now.size - last.size), milliseconds: now.at - last.at }
    last = now
    rotateIfLarge()
    timer = setTimeout(check, untilNextMultiple(selectCheckInterval(growth, limits)))
    timer.unref()
  }
  let timer = setTimeout(check, untilNextMultiple(limits.checkMs))
  timer.unref()
  return () => clearTimeout(timer)
}

/** Returns the time between two checks, in ms, for how fast a log has grown: the same for the same speed, whatever time it was measured in. */
export function selectCheckInterval(
  { bytes, milliseconds }: { bytes: number; milliseconds: number },
  { maxBytes, checkMs }: LogLimits,
): number {
  const isFast = bytes * checkMs > maxBytes * FAST_GROWTH * milliseconds
  return isFast ? checkMs / 40 : checkMs
}

/**
 * Copies the end of the log to `<file>.1`, the older ones one further, and empties it: its process has it open and goes on in it.
 * What the process writes between the last read and the truncation is lost, which are two system calls in a row.
 *
 * @returns the number of bytes at its beginning that were not copied. Undefined if nothing could be copied, as on a full disk: the log
 *   is then as it was, unless it is far too large
 */
function rotate(file: string, { maxBytes, files }: LogLimits): number | undefined {
  try {
    rmSync(`${file}.${files - 1}`, { force: true })
    for (let age = files - 1; age > 1; age--)
      if (readSize(`${file}.${age - 1}`) > 0) renameSync(`${file}.${age - 1}`, `${file}.${age}`)
    return emptyInto(file, `${file}.1`, maxBytes * OLD_FILE_FACTOR)
  } catch {
    return emptyWithoutCopy(file, maxBytes)
  }
}

function emptyInto(file: string, copy: string, maxBytes: number): number {
  const source = openSync(file, 'r+')
  try {
    const target = openSync(copy, 'w', OWNER_ONLY)
    try {
      const skipped = copyTail(source, target, maxBytes)
      ftruncateSync(source, 0)
      return skipped
    } finally {
      closeSync(target)
    }
  } finally {
    closeSync(source)
  }
}

/** Empties a log that could not be copied, once it is twice as large as it may be. @returns its size; undefined if it is as it was */
function emptyWithoutCopy(file: string, maxBytes: number): number | undefined {
  try {
    // What was copied of it is of no use, and the room that it takes is.
    rmSync(`${file}.1`, { force: true })
    if (readSize(file) <= 2 * maxBytes) return undefined
    const descriptor = openSync(file, 'r+')
    try {
      const dropped = fstatSync(descriptor).size
      ftruncateSync(descriptor, 0)
      writeSync(descriptor, `${dropped} bytes of this log were dropped: there was no room for a copy.\n`)
      return dropped
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return undefined
  }
}

function readSize(file: string): number {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size ?? 0
  } catch {
    return 0
  }
}

async function readEnd(file: string, start: number, maxBytes: number): Promise<string> {
  const written = Bun.file(file)
  const size = readSize(file)
  return size > start ? await written.slice(Math.max(start, size - maxBytes), size).text() : ''
}
