import { open } from 'node:fs/promises'
import { measureJson } from '@darkroom/infra/http/body/json-body'
import { toRecordError } from './read-file.ts'
import { type ImportRecord, parseRecord, RecordError } from './record.ts'

/** A line of a file, with the record to import or the reason why there is none. */
export type LineEntry = { line: number; record: ImportRecord } | { line: number; error: RecordError }

/** Limits of a line. Images as text make lines long, but neither deep nor of many values. */
export interface LineLimits {
  bytes: number
  depth: number
  values: number
}

export const LINE_LIMITS: LineLimits = { bytes: 256 * 1024 * 1024, depth: 64, values: 200_000 }
const NEWLINE = 10
const CHUNK_BYTES = 1024 * 1024

/**
 * Reads the generations of a JSON Lines file, with one line in memory at a time. Empty lines are skipped, and each line that cannot be
 * read gives an error of its own. What is appended to the file meanwhile is not read.
 */
export async function* readLines(path: string, now: Date, limits = LINE_LIMITS): AsyncGenerator<LineEntry> {
  let line = 0
  for await (const bytes of splitLines(readFile(path), limits.bytes)) {
    line += 1
    if (bytes === undefined) {
      yield { line, error: new RecordError(`is longer than ${limits.bytes / 1024 ** 2} MB`) }
    } else if (!isBlank(bytes)) {
      yield parseLine(bytes, line, now, limits)
    }
  }
}

/** Reads what a file contains when it is opened. Each chunk is good until the next one is read. */
async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  await using handle = await open(path)
  const { size } = await handle.stat()
  const buffer = new Uint8Array(CHUNK_BYTES)
  for (let at = 0; at < size; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - at), at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}

function parseLine(bytes: Uint8Array, line: number, now: Date, limits: LineLimits): LineEntry {
  try {
    return { line, record: parseRecord(parseJson(bytes, limits), now) }
  } catch (cause) {
    const error = toRecordError(cause, '')
    if (error instanceof RecordError) return { line, error }
    throw error
  }
}

/** Parses the JSON of a line, measured before. @throws RecordError */
function parseJson(bytes: Uint8Array, limits: LineLimits): unknown {
  const { depth, values } = measureJson(bytes, limits)
  if (depth > limits.depth) throw new RecordError(`is nested deeper than ${limits.depth} levels`)
  if (values > limits.values) throw new RecordError(`has more than ${limits.values} values`)
  const text = decodeUtf8(bytes)
  try {
    return JSON.parse(text, rejectProtoKey)
  } catch (cause) {
    throw cause instanceof RecordError ? cause : new RecordError('is not JSON', { cause })
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new RecordError('is not UTF-8', { cause })
  }
}

/** Rejects the key that copying an object would silently drop, or take for its prototype. */
function rejectProtoKey(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new RecordError('has a key `__proto__`, which is not taken')
  return value
}

/** Splits bytes at line breaks. A line that is too long is undefined, and what is left of it is passed over. */
async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array | undefined> {
  let pending = new LineBuffer(maxBytes)
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      pending.add(chunk.subarray(start, end))
      yield pending.join()
      pending = new LineBuffer(maxBytes)
      start = end + 1
    }
    pending.add(chunk.subarray(start))
  }
  if (pending.bytes > 0) yield pending.join()
}

/** Copies of the parts of a line, which are dropped once there are too many bytes. */
class LineBuffer {
  bytes = 0
  private parts: Uint8Array[] = []
  private readonly maxBytes: number

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  add(part: Uint8Array): void {
    this.bytes += part.byteLength
    if (this.bytes <= this.maxBytes) this.parts.push(part.slice())
    else this.parts = []
  }

  /** Returns the line; undefined if it is too long. */
  join(): Uint8Array | undefined {
    return this.bytes <= this.maxBytes ? Buffer.concat(this.parts) : undefined
  }
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every(byte => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}
