import { ProblemError } from './problem.ts'

/** Parts of a form: more than any request has, so that whoever counts its files is the one to say that they are too many. */
const MOST_PARTS = 100

/** @see https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1 */
const BOUNDARY = /;\s*boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'()+,./:=?-]{1,70})\s*(?:;|$))/i

/**
 * What a form says.
 *
 * @param type the whole `content-type`, with the boundary
 * @returns a `FormData`
 * @throws ProblemError `malformed` if it is not a form, `too_large` if it has too many parts
 */
export async function readForm(bytes: Uint8Array<ArrayBuffer>, type: string): Promise<unknown> {
  const found = BOUNDARY.exec(type)
  const boundary = found?.[1] ?? found?.[2]
  if (boundary === undefined) throw malformed()
  requireFewParts(bytes, `--${boundary}`)
  const headers = { 'content-type': `multipart/form-data; boundary="${boundary}"` }
  return await new Response(bytes, { headers }).formData().catch(cause => {
    throw malformed(cause)
  })
}

/** They are counted before the form is taken apart: empty parts are many times as large when each is a value. */
function requireFewParts(bytes: Uint8Array<ArrayBuffer>, mark: string): void {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let marks = 0
  for (let at = whole.indexOf(mark); at !== -1; at = whole.indexOf(mark, at + mark.length)) {
    marks += 1
    // The last mark is the end and no part.
    if (marks > MOST_PARTS + 1) throw new ProblemError('too_large', `The form has more than ${MOST_PARTS} parts.`)
  }
}

function malformed(cause?: unknown): ProblemError {
  return new ProblemError('malformed', 'The form could not be read. Is its boundary right?', { cause })
}
