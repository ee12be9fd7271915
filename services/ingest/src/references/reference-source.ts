import type { Submission } from '@darkroom/contracts/generation'
import { LIMITS } from '@darkroom/contracts/limits'
import { sniffImageType } from '@darkroom/infra/images/image-formats'
import { type FieldError, throwValidationError } from '../validation-error.ts'
import { DataUrlError, isDataUrl, parseDataUrl } from './data-url.ts'

/** The bytes of a reference, or the id of an existing one. `path` is its position in the request. */
export type ReferenceSource =
  | { kind: 'bytes'; path: string; bytes: Uint8Array; sha256: string }
  | { kind: 'id'; path: string; id: string }

/** A reference as it was submitted: a source, or a URL to fetch its bytes from. */
export type SubmittedReference = ReferenceSource | { kind: 'url'; path: string; url: string }

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/**
 * Parses the references of a submission, in order, `referenceImage` first.
 *
 * @throws ProblemError `invalid`, naming each that is neither a data URL, the id of a reference, nor an https URL
 */
export function parseSources(submission: Submission): SubmittedReference[] {
  const values = [
    ...(submission.referenceImage === undefined ? [] : [['referenceImage', submission.referenceImage] as const]),
    ...(submission.referenceImages ?? []).map((text, index) => [`referenceImages.${index}`, text] as const),
  ]
  if (values.length > LIMITS.references)
    throwValidationError([{ path: 'referenceImages', message: `has more than ${LIMITS.references}` }])
  const parsed = values.map(([path, text]) => parseSource(path, text))
  const errors = parsed.filter(source => 'message' in source)
  if (errors.length > 0) throwValidationError(errors)
  return parsed.filter(source => 'kind' in source)
}

/** Creates a source from the bytes of an image. */
export function createSource(path: string, bytes: Uint8Array): ReferenceSource {
  return { kind: 'bytes', path, bytes, sha256: new Bun.CryptoHasher('sha256').update(bytes).digest('hex') }
}

function parseSource(path: string, text: string): SubmittedReference | FieldError {
  if (UUID.test(text)) return { kind: 'id', path, id: text.toLowerCase() }
  if (/^https:\/\//i.test(text)) return { kind: 'url', path, url: text }
  if (!isDataUrl(text)) return { path, message: 'is neither a data URL, the id of a reference, nor an https address' }
  try {
    const { bytes, claimedType } = parseDataUrl(text)
    const type = sniffImageType(bytes)
    const isMismatched = claimedType !== null && type !== undefined && claimedType !== type
    return isMismatched ? { path, message: `says it is ${claimedType}, but is ${type}` } : createSource(path, bytes)
  } catch (error) {
    if (error instanceof DataUrlError) return { path, message: error.message }
    throw error
  }
}
