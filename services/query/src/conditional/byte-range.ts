import { ProblemError } from '@darkroom/infra/http/problem'
import type { ByteRange } from '@darkroom/infra/store/store'

/** No two parts of it can match the same blanks: a header of blanks would be read as often as it is long. */
const RANGES = /^bytes\s*=(.*)$/i
const RANGE = /^(\d*)\s*-\s*(\d*)$/

/**
 * Parses the header `range`. Returns null, for a whole response, when it is malformed or of another unit, and when it has several ranges
 * that are in the file.
 *
 * @param size of the file in bytes
 * @throws ProblemError `range` when no range is in the file
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
 */
export function parseByteRange(header: string, size: number): ByteRange | null {
  const items = RANGES.exec(header.trim())?.[1]?.split(',') ?? []
  const ranges = items
    .map(item => item.trim())
    .filter(item => item !== '')
    .map(item => parseRange(item, size))
  if (ranges.length === 0 || ranges.includes('malformed')) return null
  const found = ranges.filter(range => typeof range === 'object')
  if (found.length === 0) throw createRangeError(size)
  return found.length === 1 ? (found[0] ?? null) : null
}

/** Creates the refusal of a range that is not in a file, which says how long the file is where that is known. */
export function createRangeError(size: number | undefined): ProblemError {
  if (size === undefined) return new ProblemError('range', 'The file has no such part.')
  return new ProblemError('range', `The file has ${size} bytes.`, {
    headers: { 'content-range': `bytes */${size}`, 'accept-ranges': 'bytes' },
  })
}

function parseRange(text: string, size: number): ByteRange | 'malformed' | 'outside' {
  const [, first = '', last = ''] = RANGE.exec(text) ?? []
  if (first === '' && last === '') return 'malformed'
  if (first === '')
    return Number(last) === 0 || size === 0 ? 'outside' : { start: Math.max(0, size - Number(last)), end: size - 1 }
  if (last !== '' && Number(last) < Number(first)) return 'malformed'
  if (Number(first) >= size) return 'outside'
  return { start: Number(first), end: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}
