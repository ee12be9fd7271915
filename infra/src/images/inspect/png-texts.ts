import { MediaError } from '../media-error.ts'
import { countInflated, MAX_INFLATION } from './png-data.ts'
import type { RangeReader } from './range-reader.ts'

/** A text chunk: its type, and the range of its data. */
export interface TextChunk {
  type: string
  start: number
  end: number
}

/** The most that the compressed texts of a file may become together, in bytes. To count as many takes less than half a second. */
const MAX_TEXT_BYTES = 200_000_000
/** The most texts that are inflated to count them. */
const MAX_TEXTS = 1_000
/** Bytes in which a text begins: a keyword of at most 79 bytes, and in `iTXt` a language and a translated keyword. */
const HEAD_BYTES = 512

/**
 * Checks that the compressed texts of a PNG are no more than texts: a program that is given the file later inflates them all. Where so much
 * cannot be in them, nothing is inflated.
 *
 * @throws MediaError
 * @see https://www.w3.org/TR/png-3/#11textinfo
 */
export async function assertTexts(reader: RangeReader, chunks: readonly TextChunk[]): Promise<void> {
  const compressed = chunks.reduce((sum, { start, end }) => sum + end - start, 0)
  if (compressed * MAX_INFLATION <= MAX_TEXT_BYTES) return
  let [bytes, texts] = [0, 0]
  for (const chunk of chunks) {
    const start = await findCompressedText(reader, chunk)
    if (start === undefined) continue
    texts += 1
    bytes += await countInflated(reader, [{ start, end: chunk.end }], MAX_TEXT_BYTES - bytes)
    if (bytes > MAX_TEXT_BYTES || texts > MAX_TEXTS)
      throw new MediaError('unfit', 'has far more text than any program writes')
  }
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
