import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { sniffImageType } from '@darkroom/infra/images/image-formats'
import type { ImportEntry, ImportSource } from '../entry.ts'
import type { SourceOptions } from '../options.ts'
import { toRecordError } from '../read-file.ts'
import { RecordError } from '../record.ts'
import { LINE_LIMITS, parseJson } from './parse-json.ts'
import { parseRecord, type RecordOptions } from './parse-record.ts'
import { BOM, splitDocument } from './split-document.ts'

type LinesOptions = Pick<SourceOptions, 'timeZone' | 'notes'> & {
  folder: string
  limits?: typeof LINE_LIMITS
  chunkBytes?: number
}

const CHUNK_BYTES = 1024 * 1024
/** Beginnings of files in UTF-16, which has a zero in each character of ASCII. */
const UTF16_BEGINNINGS = ['fffe', 'feff', '7b00', '007b', '5b00', '005b']
/** Beginnings of gzip, ZIP, Zstandard, bzip2, xz and 7-Zip. */
const ARCHIVE_BEGINNINGS = ['1f8b', '504b0304', '28b52ffd', '425a68', 'fd377a585a00', '377abcaf271c']

/**
 * Opens a JSON Lines file, or one whose lines are the items of a JSON list. One line is in memory at a time; empty ones are skipped, and
 * what is appended meanwhile is not read. A generation without a time has that at which the file was last written, in each run the same.
 *
 * @throws RecordError if it cannot be opened
 */
export async function openLines(path: string, options: LinesOptions): Promise<ImportSource> {
  const handle = await open(path).catch(error => {
    throw toRecordError(error, basename(path))
  })
  const { size, mtime } = await handle.stat()
  let done = 0
  const onRead = (bytes: number) => {
    done += bytes
  }
  const chunks = readChunks(handle, { size, chunkBytes: options.chunkBytes ?? CHUNK_BYTES, onRead })
  const entries = readEntries(chunks, basename(path), { ...options, now: mtime })
  return { folder: options.folder, entries, getProgress: () => ({ done, total: size, unit: 'bytes' }) }
}

async function* readEntries(
  chunks: AsyncIterable<Uint8Array>,
  file: string,
  { limits = LINE_LIMITS, ...options }: LinesOptions & { now: Date },
): AsyncGenerator<ImportEntry> {
  try {
    for await (const { name, bytes } of splitDocument(chunks, limits.bytes)) {
      if (bytes === undefined) yield { name, error: new RecordError(`is longer than ${limits.bytes / 1024 ** 2} MB`) }
      else yield parseEntry(name, bytes, { limits, ...options })
    }
  } catch (cause) {
    // Whatever is read of the file is imported.
    const error = toRecordError(cause, file)
    if (!(error instanceof RecordError)) throw error
    yield { name: file, error }
  }
}

/** Reads what a file contains when it is opened. Each chunk is good until the next one is read. */
async function* readChunks(
  handle: FileHandle,
  { size, chunkBytes, onRead }: { size: number; chunkBytes: number; onRead: (bytes: number) => void },
): AsyncGenerator<Uint8Array> {
  await using _handle = handle
  const buffer = new Uint8Array(chunkBytes)
  for (let at = 0; at < size; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - at), at)
    if (bytesRead === 0) throw new RecordError('became shorter while it was read')
    const chunk = buffer.subarray(0, bytesRead)
    if (at === 0) assertEncoding(chunk)
    const isMarked = at === 0 && Buffer.from(chunk).subarray(0, BOM.length).equals(BOM)
    yield isMarked ? chunk.subarray(BOM.length) : chunk
    at += bytesRead
    onRead(bytesRead)
  }
}

/** @throws RecordError if a file begins as UTF-16 does, is compressed or a picture */
function assertEncoding(chunk: Uint8Array): void {
  const beginning = Buffer.from(chunk.subarray(0, 6)).toString('hex')
  if (UTF16_BEGINNINGS.includes(beginning.slice(0, 4)))
    throw new RecordError('is UTF-16: save it as UTF-8 and import that')
  if (ARCHIVE_BEGINNINGS.some(signature => beginning.startsWith(signature)))
    throw new RecordError('is compressed: unpack it and import what is in it')
  if (sniffImageType(chunk)) throw new RecordError('is a picture: import the folder that it is in')
}

function parseEntry(
  name: string,
  bytes: Uint8Array,
  { limits, ...options }: RecordOptions & { limits: typeof LINE_LIMITS },
): ImportEntry {
  try {
    return { name, record: parseRecord(parseJson(bytes, limits), options), bytes: bytes.byteLength }
  } catch (error) {
    if (error instanceof RecordError) return { name, error }
    throw error
  }
}
