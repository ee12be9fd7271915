import { ProblemError } from '../problem.ts'
import { describePart } from './form-part.ts'
import { splitForm, TooManyPartsError } from './split-form.ts'

/** One field of a form. Its bytes are a view of the body, not a copy, unless they had to be decoded. */
export interface FormField {
  name: string
  kind: 'file' | 'text'
  bytes: Uint8Array
}

/** A parsed form: its fields, in order. */
export class Form {
  readonly fields: readonly FormField[]

  constructor(fields: readonly FormField[]) {
    this.fields = fields
  }
}

/** Limit on the parts of a form. It is above the limit on files, so that a route can report too many files in its own words. */
const MAX_PARTS = 100

/** @see https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1 */
const BOUNDARY = /;\s*boundary\s*=\s*(?:"([\w'()+,./:=? -]{1,70})"|([\w'()+,./:=?-]{1,70})\s*(?:;|$))/i

/**
 * Parses a multipart form, in the dialects that clients have: text before the first boundary, line feeds alone as line breaks, file names
 * in any encoding, contents in base64, nothing after the last boundary.
 *
 * @param type the whole `content-type` header, with the boundary
 * @throws ProblemError `malformed` when it is not a form, `too_large` when it has too many parts
 * @see https://www.rfc-editor.org/rfc/rfc7578
 */
export function readForm(bytes: Uint8Array, type: string): Form {
  const match = BOUNDARY.exec(type)
  const boundary = match?.[1] ?? match?.[2]
  if (boundary === undefined) throw createMalformedError()
  try {
    return new Form(splitForm(bytes, boundary, MAX_PARTS).map(readField))
  } catch (cause) {
    if (cause instanceof TooManyPartsError)
      throw new ProblemError('too_large', `The form has more than ${MAX_PARTS} parts.`, { cause })
    throw cause instanceof ProblemError ? cause : createMalformedError(cause)
  }
}

function readField({ head, content }: { head: Uint8Array; content: Uint8Array }): FormField {
  const { name, isFile, encoding } = describePart(head)
  const bytes = encoding === 'base64' ? Uint8Array.fromBase64(Buffer.from(content).toString('latin1')) : content
  return { name, kind: isFile ? 'file' : 'text', bytes }
}

function createMalformedError(cause?: unknown): ProblemError {
  return new ProblemError('malformed', 'The form could not be read. Is its boundary right?', { cause })
}
