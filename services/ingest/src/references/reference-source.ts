import type { Submission } from '@darkroom/contracts/generation'
import { LIMITS } from '@darkroom/contracts/limits'
import { ProblemError } from '@darkroom/infra/http/problem'
import { sniffImageType } from '@darkroom/infra/images/image-formats'
import { DataUrlError, isDataUrl, parseDataUrl } from './data-url.ts'

/** A reference whose bytes are here, or the id of one that is kept already. */
export type ReferenceSource =
  | { kind: 'bytes'; path: string; bytes: Uint8Array; sha256: string }
  | { kind: 'id'; path: string; id: string }

/** A reference as it was sent: one of these, or an address where its bytes are to be had. */
export type SubmittedReference = ReferenceSource | { kind: 'address'; path: string; url: string }

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/**
 * The references of a submission, in order, `referenceImage` first.
 *
 * @throws ProblemError `invalid`, naming each that is neither a data URL, the id of a reference, nor an https address
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

/** A reference from the bytes of a file. */
export function createSource(path: string, bytes: Uint8Array): ReferenceSource {
  return { kind: 'bytes', path, bytes, sha256: new Bun.CryptoHasher('sha256').update(bytes).digest('hex') }
}

/** Refuses a request, naming what is wrong with which part. */
export function throwValidationError(errors: { path: string; message: string }[]): never {
  const [first] = errors
  throw new ProblemError('invalid', `${first?.path} ${first?.message}.`, { errors })
}

function parseSource(path: string, text: string): SubmittedReference | { path: string; message: string } {
  if (UUID.test(text)) return { kind: 'id', path, id: text.toLowerCase() }
  if (/^https:\/\//i.test(text)) return { kind: 'address', path, url: text }
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
