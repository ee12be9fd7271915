import { MaxPartsExceededError, type MultipartPart, parseMultipart } from '@remix-run/multipart-parser'
import { ProblemError } from '../problem.ts'

/** One field of a form. Its bytes are a view of the body, not a copy. */
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
const BOUNDARY = /;\s*boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'()+,./:=?-]{1,70})\s*(?:;|$))/i

/**
 * Parses a multipart form.
 *
 * @param type the whole `content-type` header, with the boundary
 * @throws ProblemError `malformed` when it is not a form, `too_large` when it has too many parts
 */
export function readForm(bytes: Uint8Array, type: string): Form {
  const match = BOUNDARY.exec(type)
  const boundary = match?.[1] ?? match?.[2]
  if (boundary === undefined || bytes.byteLength === 0) throw createMalformedError()
  const limits = { maxParts: MAX_PARTS, maxFileSize: bytes.byteLength, maxTotalSize: bytes.byteLength }
  try {
    return new Form([...parseMultipart(bytes, { boundary, ...limits })].map(toField))
  } catch (cause) {
    if (cause instanceof MaxPartsExceededError) {
      throw new ProblemError('too_large', `The form has more than ${MAX_PARTS} parts.`, { cause })
    }
    throw createMalformedError(cause)
  }
}

function toField(part: MultipartPart): FormField {
  const { name, isFile, content } = part
  if (name === undefined) throw createMalformedError()
  // The body is one buffer, so the content of each part is one chunk.
  return { name, kind: isFile ? 'file' : 'text', bytes: content[0] ?? new Uint8Array() }
}

function createMalformedError(cause?: unknown): ProblemError {
  return new ProblemError('malformed', 'The form could not be read. Is its boundary right?', { cause })
}
