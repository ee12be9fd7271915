import { mediaUrl } from '@darkroom/contracts/routes'
import type { ReferenceRow } from './reference-rows.ts'

/** Value of `referenceImageBucket`, which rows of other systems have; it does not depend on the configured store. */
const BUCKET = 'media'

/** Builds the parameters that describe references: the first one in full, as older systems do, and all of them by URL. */
export function toReferenceParameters(references: readonly ReferenceRow[]): Record<string, unknown> {
  const [first] = references
  if (!first) return {}
  return {
    referenceImageUrl: mediaUrl(first.key),
    referenceImageId: first.id,
    referenceImagePath: first.key,
    referenceImageBucket: BUCKET,
    referenceImageMimeType: first.mimeType,
    referenceImageChecksum: first.sha256,
    referenceImages: references.map(row => mediaUrl(row.key)),
  }
}
