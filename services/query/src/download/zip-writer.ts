import { makeZip } from 'client-zip'
import type { ZipEntry } from './entries.ts'

/** Writes a ZIP while it is read. */
export interface ZipWriter {
  /** Returns the next bytes of the ZIP, in their order; undefined at its end. @throws what the reading of a file throws */
  read(): Promise<Uint8Array[] | undefined>
  /** Ends the reading of the files. */
  cancel(reason: unknown): Promise<void>
}

interface Progress {
  files: number
  isComplete: boolean
}

/** Files from which on the end record cannot count them: its largest number says that another record does. */
const UNCOUNTABLE_FILES = 0xffff
const END_BYTES = 22
const [END_SIGNATURE, END64_SIGNATURE, LOCATOR_SIGNATURE] = [0x06054b50, 0x06064b50, 0x07064b50]
/** Version of the format that has records of ZIP64. */
const VERSION = 45

/** Creates the writer of a ZIP. What client-zip leaves out, the ZIP64 record of many files that are small together, is written here. */
export function createZipWriter(entries: AsyncIterable<ZipEntry>): ZipWriter {
  const progress = { files: 0, isComplete: false }
  const reader = makeZip(countFiles(entries, progress)).getReader()
  return {
    read: async () => {
      const { done, value } = await reader.read()
      if (done) return undefined
      return isIncompleteEnd(value, progress) ? [createZip64Record(value, progress.files), value] : [value]
    },
    cancel: async reason => await reader.cancel(reason),
  }
}

async function* countFiles(entries: AsyncIterable<ZipEntry>, progress: Progress): AsyncGenerator<ZipEntry, void, void> {
  for await (const entry of entries) {
    progress.files += 1
    yield entry
  }
  progress.isComplete = true
}

/** Returns whether a chunk is the end record of a ZIP with too many files for it, and no other record counts them. */
function isIncompleteEnd(chunk: Uint8Array, { files, isComplete }: Progress): boolean {
  if (!isComplete || files < UNCOUNTABLE_FILES || chunk.byteLength !== END_BYTES) return false
  const view = new DataView(chunk.buffer, chunk.byteOffset)
  return view.getUint32(0, true) === END_SIGNATURE && view.getUint32(16, true) !== 0xffffffff
}

/**
 * Creates the ZIP64 end record and its locator.
 *
 * @param end record, which has the size of the directory and where it begins
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT sections 4.3.14 and 4.3.15
 */
function createZip64Record(end: Uint8Array, files: number): Uint8Array {
  const view = new DataView(end.buffer, end.byteOffset)
  const [size, start] = [view.getUint32(12, true), view.getUint32(16, true)]
  const record = new DataView(new ArrayBuffer(76))
  record.setUint32(0, END64_SIGNATURE, true)
  record.setBigUint64(4, 44n, true)
  record.setUint16(12, VERSION, true)
  record.setUint16(14, VERSION, true)
  for (const [at, value] of [
    [24, files],
    [32, files],
    [40, size],
    [48, start],
    [64, start + size],
  ] as const)
    record.setBigUint64(at, BigInt(value), true)
  record.setUint32(56, LOCATOR_SIGNATURE, true)
  record.setUint32(72, 1, true)
  return new Uint8Array(record.buffer)
}
