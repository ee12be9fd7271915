import type { Reference } from '@darkroom/contracts/reference'
import { canSendAgain, UNREACHABLE_MESSAGE, UnavailableError } from '../../request-error.ts'
import { createLoadOnce } from '../../ui/load-once.ts'

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

/** Loaded with what the page loads after its first rows. */
const uploadCode = createLoadOnce(() => import('./source-upload.ts'))

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

/**
 * Returns the name of a reference as it is shown, without the characters that turn the direction of text. A name of other letters than
 * ASCII is isolated: what stands beside it keeps its order.
 */
export function getSourceName(source: ReferenceSource): string {
  const name = source instanceof File ? source.name.replace(/\p{Bidi_C}/gu, '') : lastPathSegment(source.url)
  return /^[ -~]*$/.test(name) ? name : `\u2068${name}\u2069`
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
  const code = await uploadCode.request().catch(cause => {
    throw new UnavailableError(UNREACHABLE_MESSAGE, { cause })
  })
  return await code.uploadSource(source, signal, onProgress)
}

function lastPathSegment(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1)
}
