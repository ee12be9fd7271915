import type { Reference } from '@darkroom/contracts/reference'
import { RejectedError, toRequestError, UnavailableError } from '../../request-error.ts'
import { uploadReference, validateReferenceFile } from './upload.ts'

const FETCH_TIMEOUT_MS = 60_000

/** A file, or where its bytes can be read. */
type UploadedSource = File | { url: string }

/** Uploads the bytes of a source. @param onProgress called with the share that has been sent, from 0 to 1 */
export async function uploadSource(
  source: UploadedSource,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Reference> {
  const file = source instanceof File ? source : await fetchImage(source.url)
  const problem = validateReferenceFile(file)
  if (problem !== undefined) throw new RejectedError(problem)
  return await uploadReference(file, { signal, onProgress })
}

async function fetchImage(url: string): Promise<File> {
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) }).catch(cause => {
    throw new UnavailableError('The picture cannot be read right now.', { cause })
  })
  if (!response.ok) throw toReadError(response)
  const bytes = await response.blob()
  return new File([bytes], url.slice(url.lastIndexOf('/') + 1), { type: bytes.type })
}

function toReadError({ status, headers }: Response): Error {
  const error = toRequestError({ status, body: null, retryAfter: headers.get('retry-after') })
  return error instanceof UnavailableError
    ? error
    : new RejectedError('This picture can no longer be read.', { status })
}
