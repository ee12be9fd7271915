/** The bytes of a part: its headers, and what they describe. Both are views of the body. */
export interface FormPart {
  head: Uint8Array
  content: Uint8Array
}

/** A form with more parts than are read. */
export class TooManyPartsError extends Error {
  override readonly name = 'TooManyPartsError'
}

/** A line of a form that begins or ends a part. */
interface Delimiter {
  /** First byte of its line. */
  start: number
  /** First byte behind its line. */
  end: number
  isLast: boolean
  lineBreak: string
}

/** Lines of a part that have the boundary and do not end it, at most: each of them takes time. A file has hardly ever one. */
const MAX_LOOKALIKES = 1_000

const [LINE_FEED, CARRIAGE_RETURN, SPACE, TAB] = [0x0a, 0x0d, 0x20, 0x09]

/**
 * Splits a form at its boundaries. What is before the first one and behind the last one does not count. The line break of the first
 * boundary is that of all: a file may have the other one in it.
 *
 * @throws TooManyPartsError
 * @throws Error when the form does not end with its last boundary, has it in too many other places, or a part has no end of its headers
 * @see https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1
 */
export function splitForm(bytes: Uint8Array, boundary: string, maxParts: number): FormPart[] {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: FormPart[] = []
  let delimiter = findDelimiter(body, boundary, 0)
  while (delimiter && !delimiter.isLast) {
    const { lineBreak, end } = delimiter
    const next = findDelimiter(body, boundary, end, lineBreak)
    if (!next) break
    if (parts.length === maxParts) throw new TooManyPartsError('too many parts')
    parts.push(splitPart(body.subarray(end, Math.max(end, next.start - lineBreak.length)), lineBreak))
    delimiter = next
  }
  if (!delimiter?.isLast) throw new Error('the form does not end')
  return parts
}

/**
 * Finds the next line with the boundary.
 *
 * @param lineBreak that must be before it, unless it is the first one
 * @throws Error when too much only looks like one
 */
function findDelimiter(body: Buffer, boundary: string, from: number, lineBreak?: string): Delimiter | undefined {
  const dashes = `--${boundary}`
  let lookalikes = 0
  for (let start = body.indexOf(dashes, from); start >= 0; start = body.indexOf(dashes, start + 1)) {
    if (lookalikes++ > MAX_LOOKALIKES) throw new Error('a part has the boundary in it too often')
    if (!followsLineBreak(body, start, { from, lineBreak })) continue
    const found = readLine(body, start, start + dashes.length)
    if (found && (found.isLast || lineBreak === undefined || found.lineBreak === lineBreak)) return found
  }
  return undefined
}

function followsLineBreak(
  body: Buffer,
  start: number,
  { from, lineBreak }: { from: number; lineBreak?: string | undefined },
) {
  if (start === from) return true
  if (lineBreak === undefined) return body[start - 1] === LINE_FEED
  return body.subarray(start - lineBreak.length, start).toString('latin1') === lineBreak
}

/** Reads the rest of a line behind its boundary: blanks and a line break, or the two dashes of the last one. */
function readLine(body: Buffer, start: number, behind: number): Delimiter | undefined {
  if (body.subarray(behind, behind + 2).toString('latin1') === '--')
    return { start, end: behind + 2, isLast: true, lineBreak: '' }
  let at = behind
  while (body[at] === SPACE || body[at] === TAB) at++
  if (body[at] === LINE_FEED) return { start, end: at + 1, isLast: false, lineBreak: '\n' }
  if (body[at] !== CARRIAGE_RETURN || body[at + 1] !== LINE_FEED) return undefined
  return { start, end: at + 2, isLast: false, lineBreak: '\r\n' }
}

function splitPart(part: Buffer, lineBreak: string): FormPart {
  if (part.subarray(0, lineBreak.length).toString('latin1') === lineBreak)
    return { head: part.subarray(0, 0), content: part.subarray(lineBreak.length) }
  const end = part.indexOf(lineBreak + lineBreak)
  if (end >= 0) return { head: part.subarray(0, end), content: part.subarray(end + 2 * lineBreak.length) }
  throw new Error('a part has no end of its headers')
}
