import { ProviderError, type ProviderReference } from '../adapter.ts'

/** Most bytes of a whole request with images in it. [U]; files given by their address may have 100 MB [D ai.google.dev/docs/changelog]. */
const MAX_REQUEST_BYTES = 20_000_000
/** Bytes for the prompt, and for what is around the images. */
const RESERVED_BYTES = 200_000
/** Most bytes of the images of a request together: base64 makes four of three. */
export const MAX_IMAGE_BYTES = ((MAX_REQUEST_BYTES - RESERVED_BYTES) / 4) * 3

/** Asserts that the images of a request fit in it. @throws ProviderError `reference_refused`: nothing is sent then */
export function assertImagesFit(references: readonly ProviderReference[]): void {
  const bytes = references.reduce((sum, reference) => sum + reference.bytes.byteLength, 0)
  if (bytes <= MAX_IMAGE_BYTES) return
  const [has, most] = [Math.ceil(bytes / 1_000_000), Math.floor(MAX_IMAGE_BYTES / 1_000_000)]
  throw new ProviderError('reference_refused', {
    message: `The reference images have ${has} MB together, and Google takes ${most} MB. Use fewer or smaller ones.`,
  })
}
