import { inflateSync } from 'node:zlib'

const PNG_SIGNATURE = '89504e470d0a1a0a'
const MAX_INFLATED_BYTES = 32 * 1024 * 1024

/** Bytes that may still be inflated from the chunks of one file. */
interface InflateBudget {
  left: number
}

const CHUNK_READERS: Record<string, (data: Buffer, budget: InflateBudget) => [string, string] | undefined> = {
  tEXt: readTextChunk,
  zTXt: readCompressedTextChunk,
  iTXt: readInternationalTextChunk,
}

/**
 * Reads the text chunks of a PNG, by keyword, in one pass. Damaged chunks are skipped, and compressed ones once too much is inflated.
 *
 * @see https://www.w3.org/TR/png-3/#11textinfo
 */
export function readPngTexts(bytes: Uint8Array): Record<string, string> {
  const png = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (png.subarray(0, 8).toString('hex') !== PNG_SIGNATURE) return {}
  const texts: [string, string][] = []
  const budget = { left: MAX_INFLATED_BYTES }
  for (let offset = 8; offset + 12 <= png.length; ) {
    const length = png.readUInt32BE(offset)
    const type = png.toString('latin1', offset + 4, offset + 8)
    const read = Object.hasOwn(CHUNK_READERS, type)
      ? CHUNK_READERS[type]?.(png.subarray(offset + 8, offset + 8 + length), budget)
      : undefined
    if (read) texts.push(read)
    offset += 12 + length
  }
  return Object.fromEntries(texts)
}

function readTextChunk(data: Buffer): [string, string] | undefined {
  const end = data.indexOf(0)
  // The standard says Latin-1, but many programs write UTF-8.
  return end < 0 ? undefined : [data.toString('latin1', 0, end), decodeText(data.subarray(end + 1))]
}

function readCompressedTextChunk(data: Buffer, budget: InflateBudget): [string, string] | undefined {
  const end = data.indexOf(0)
  const text = end < 0 ? undefined : inflate(data.subarray(end + 2), budget)
  return text && [data.toString('latin1', 0, end), decodeText(text)]
}

function readInternationalTextChunk(data: Buffer, budget: InflateBudget): [string, string] | undefined {
  const end = data.indexOf(0)
  const language = data.indexOf(0, end + 3)
  const keyword = data.indexOf(0, language + 1)
  if (end < 0 || language < 0 || keyword < 0) return undefined
  const rest = data.subarray(keyword + 1)
  const text = data[end + 1] === 1 ? inflate(rest, budget) : rest
  return text && [data.toString('latin1', 0, end), text.toString('utf8')]
}

function decodeText(data: Buffer): string {
  const text = data.toString('utf8')
  return text.includes('\ufffd') ? data.toString('latin1') : text
}

function inflate(data: Buffer, budget: InflateBudget): Buffer | undefined {
  if (budget.left <= 0) return undefined
  try {
    const text = inflateSync(data, { maxOutputLength: budget.left })
    budget.left -= text.length
    return text
  } catch (error) {
    // One that is too long has cost as much as all that may be read.
    if (error instanceof RangeError) budget.left = 0
    return undefined
  }
}
