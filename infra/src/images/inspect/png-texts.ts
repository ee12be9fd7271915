import { MediaError } from '../media-error.ts'
import { countInflated, MAX_INFLATION } from './png-data.ts'
import { countBytes, type Range, type RangeReader } from './range-reader.ts'

/** A text chunk: its type, and the range of its data. */
export interface TextChunk extends Range {
  type: string
}

/** The most that the compressed texts of a file may become together, in bytes. To count as many takes less than half a second. */
export const MAX_TEXT_BYTES = 200_000_000
/** The most compressed texts of a file whose texts are large. */
const MAX_TEXTS = 1_000
/** Bytes in which a text begins: a keyword of at most 79 bytes, and in `iTXt` a language and a translated keyword. */
const HEAD_BYTES = 512

/** Finds the compressed texts of a PNG, if they are so large that `assertTexts` has to inflate them. */
export async function findLargeTexts(reader: RangeReader, chunks: readonly TextChunk[]): Promise<Range[]> {
  if (!isLarge(chunks)) return []
  const texts: Range[] = []
  for (const chunk of chunks) {
    const start = await findCompressedText(reader, chunk)
    if (start !== undefined) texts.push({ start, end: chunk.end })
    if (texts.length > MAX_TEXTS) throw createTextsError()
  }
  return isLarge(texts) ? texts : []
}

/**
 * Checks that large compressed texts are no more than texts: a program that is given the file later inflates them all.
 *
 * @throws MediaError
 * @see https://www.w3.org/TR/png-3/#11textinfo
 */
export async function assertTexts(reader: RangeReader, texts: readonly Range[]): Promise<void> {
  let bytes = 0
  for (const text of texts) {
    bytes += await countInflated(reader, [text], MAX_TEXT_BYTES - bytes)
    if (bytes > MAX_TEXT_BYTES) throw createTextsError()
  }
}

/** Returns whether ranges may inflate to more than texts may have. */
function isLarge(ranges: readonly Range[]): boolean {
  return countBytes(ranges) * MAX_INFLATION > MAX_TEXT_BYTES
}

function createTextsError(): MediaError {
  return new MediaError('unfit', 'has far more text than any program writes')
}

/** Returns where the compressed text of a chunk begins; undefined if it has none. */
async function findCompressedText(reader: RangeReader, { type, start, end }: TextChunk): Promise<number | undefined> {
  const head = await reader.read(start, Math.min(HEAD_BYTES, end - start))
  const keywordEnd = head.indexOf(0)
  if (keywordEnd < 0) return undefined
  if (type === 'zTXt') return start + keywordEnd + 2
  const isCompressed = head[keywordEnd + 1] === 1
  const languageEnd = head.indexOf(0, keywordEnd + 3)
  const translationEnd = languageEnd < 0 ? -1 : head.indexOf(0, languageEnd + 1)
  return isCompressed && translationEnd >= 0 ? start + translationEnd + 1 : undefined
}
