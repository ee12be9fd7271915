import { createInflate } from 'node:zlib'
import { MediaError } from '../media-error.ts'
import { createDamagedImageError } from './image-layout.ts'
import { countRowBytes, type PngHeader } from './png-header.ts'
import { countBytes, type Range, type RangeReader } from './range-reader.ts'

/** The most that deflated data can become, by its format: 258 bytes of two bits. */
export const MAX_INFLATION = 1_032
/** Bytes beyond the last row that are accepted: a decoder reads them too, in less than a tenth of a second. */
const MAX_EXCESS_BYTES = 64_000_000
/** Bytes by which compressed rows may be larger than rows: those of a few pixels, in many blocks. */
const ROWS_OVERHEAD = 4_096
/** Compressed bytes that are inflated in one step. */
const STEP_BYTES = 65_536

/**
 * Checks that the pixels of a PNG may be there by the size of their data: a decoder may allocate all of them first.
 *
 * @throws MediaError
 */
export function assertDataBytes(ranges: readonly Range[], header: PngHeader): void {
  if (countBytes(ranges) * MAX_INFLATION < countRowBytes(header)) throw createDamagedImageError()
}

/**
 * Checks that the pixels of a PNG inflate to no more than its header states: a decoder inflates all that is there. Where so much cannot
 * be in the file, nothing is inflated.
 *
 * @throws MediaError
 */
export async function assertImageData(reader: RangeReader, ranges: readonly Range[], header: PngHeader): Promise<void> {
  const maxBytes = countRowBytes(header) + MAX_EXCESS_BYTES
  if (countBytes(ranges) * MAX_INFLATION <= maxBytes) return
  if ((await countInflated(reader, ranges, maxBytes)) > maxBytes)
    throw new MediaError('unfit', 'has far more data than its size in pixels needs')
}

/** Returns the bytes that are inflated in vain: none, unless the rows are smaller than what they are compressed to. */
export function countExcess(ranges: readonly Range[], header: PngHeader): number {
  const [compressed, rowBytes] = [countBytes(ranges), countRowBytes(header)]
  return compressed <= rowBytes + ROWS_OVERHEAD ? 0 : Math.min(compressed * MAX_INFLATION, MAX_EXCESS_BYTES)
}

/**
 * Counts the bytes that deflated data become, until there are more than `maxBytes`. Data that are damaged count up to there: a decoder gets
 * no further.
 */
export async function countInflated(reader: RangeReader, ranges: readonly Range[], maxBytes: number): Promise<number> {
  const inflate = createInflate({ chunkSize: STEP_BYTES })
  let [bytes, isOver] = [0, false]
  inflate.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  const ended = new Promise<void>(resolve => {
    for (const event of ['end', 'error', 'close']) {
      inflate.once(event, () => {
        isOver = true
        resolve()
      })
    }
  })
  for await (const step of readSteps(reader, ranges)) {
    if (isOver || bytes > maxBytes) break
    await Promise.race([ended, new Promise<void>(resolve => void inflate.write(step, () => resolve()))])
  }
  inflate.destroy()
  return bytes
}

/** Reads the ranges one after the other, in steps: many small ranges make one step. */
async function* readSteps(reader: RangeReader, ranges: readonly Range[]): AsyncGenerator<Buffer> {
  let [pending, length]: [Buffer[], number] = [[], 0]
  for (const { start, end } of ranges) {
    for (let at = start; at < end; at += STEP_BYTES) {
      const bytes = await reader.read(at, Math.min(STEP_BYTES, end - at))
      length += bytes.length
      pending.push(bytes)
      if (length < STEP_BYTES) continue
      yield Buffer.concat(pending)
      ;[pending, length] = [[], 0]
    }
  }
  yield Buffer.concat(pending)
}
