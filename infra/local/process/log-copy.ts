import { fstatSync, readSync, writeSync } from 'node:fs'

const CHUNK_BYTES = 1024 * 1024

/**
 * Copies the last `maxBytes` of a file, or less, that a process still appends to: never more, so that a process that writes faster
 * than can be copied is not followed for ever. What is left out is counted in a line of its own.
 *
 * @param source descriptor of the file
 * @param target descriptor of the empty copy
 * @returns the number of bytes at the beginning that were left out
 */
export function copyTail(source: number, target: number, maxBytes: number): number {
  const skipped = Math.max(0, fstatSync(source).size - maxBytes)
  if (skipped > 0) writeNote(target, skipped)
  const chunk = new Uint8Array(CHUNK_BYTES)
  let position = skipped
  const end = position + maxBytes
  while (position < end) {
    const length = readSync(source, chunk, 0, Math.min(CHUNK_BYTES, end - position), position)
    if (length === 0) return skipped
    for (let written = 0; written < length; ) written += writeSync(target, chunk, written, length - written)
    position += length
  }
  const missed = fstatSync(source).size - position
  if (missed > 0) writeNote(target, missed)
  return skipped
}

function writeNote(target: number, bytes: number): void {
  writeSync(target, `\n${bytes} bytes were left out here: more was written than a log may have.\n`)
}
