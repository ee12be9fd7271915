import type { Reference } from '@darkroom/contracts/reference'
import { RejectedError, UnreachableError } from '../../api.ts'
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
  done: Promise<Reference>
}

const FETCH_TIMEOUT_MS = 60_000

/** Starts the upload of a reference. @param onProgress called with the share that has been sent, from 0 to 1 */
export function startUpload(source: ReferenceSource, onProgress: (share: number) => void): Upload {
  const abort = new AbortController()
  return { source, abort, done: uploadSource(source, abort.signal, onProgress) }
}

/**
 * Waits until the studio has stored a reference. An image that did not reach the studio is uploaded again by each call; one
 * that the studio has refused is not.
 *
 * @throws RejectedError
 * @throws UnreachableError
 */
export async function awaitUpload({ source, abort, done }: Upload): Promise<Reference> {
  try {
    return await done
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error
    return await uploadSource(source, abort.signal, () => undefined)
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
    throw new UnreachableError('The picture cannot be read right now.', { cause })
  })
  if (!response.ok) throw new RejectedError('This picture can no longer be read.')
  const bytes = await response.blob()
  return new File([bytes], lastPathSegment(url), { type: bytes.type })
}

function lastPathSegment(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1)
}
