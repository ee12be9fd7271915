import type { Reference } from '@darkroom/contracts/reference'
import { canSendAgain, RejectedError, toRequestError, UnavailableError } from '../../request-error.ts'
import { uploadReference, validateReferenceFile } from './upload.ts'

/** An image that the studio shows: one of its outputs, or a reference of an old row. */
export interface ShownImage {
  url: string
  previewUrl: string
}

/** The source of a reference's bytes. */
export type ReferenceSource = File | ShownImage

/** The upload of a reference. */
export interface Upload {
  source: ReferenceSource
  abort: AbortController
  /** The latest try. */
  done: Promise<Reference>
}

const FETCH_TIMEOUT_MS = 60_000

/** Starts the upload of a reference. @param onProgress called with the share that has been sent, from 0 to 1 */
export function startUpload(source: ReferenceSource, onProgress: (share: number) => void): Upload {
  const abort = new AbortController()
  return { source, abort, done: uploadSource(source, abort.signal, onProgress) }
}

/**
 * Waits until the studio has stored a reference. An image whose upload failed is uploaded again if that may help; one that the
 * studio has refused is not.
 *
 * @throws RejectedError
 * @throws UnavailableError
 */
export async function awaitUpload(upload: Upload): Promise<Reference> {
  try {
    return await upload.done
  } catch (error) {
    if (!canSendAgain(error)) throw error
    upload.done = uploadSource(upload.source, upload.abort.signal, () => undefined)
    return await upload.done
  }
}

export function getSourceName(source: ReferenceSource): string {
  return source instanceof File ? source.name : lastPathSegment(source.url)
}

/** Returns the URL of a small version of the image. Call `revokePreviewUrl` when it is not shown any more. */
export function createPreviewUrl(source: ReferenceSource): string {
  return source instanceof File ? URL.createObjectURL(source) : source.previewUrl
}

/** Frees the bytes behind a preview URL that is a `blob:` URL. */
export function revokePreviewUrl(preview: string) {
  if (preview.startsWith('blob:')) URL.revokeObjectURL(preview)
}

async function uploadSource(
  source: ReferenceSource,
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
  return new File([bytes], lastPathSegment(url), { type: bytes.type })
}

function toReadError({ status, headers }: Response): Error {
  const error = toRequestError({ status, body: null, retryAfter: headers.get('retry-after') })
  return error instanceof UnavailableError
    ? error
    : new RejectedError('This picture can no longer be read.', { status })
}

function lastPathSegment(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1)
}
