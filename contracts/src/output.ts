import { z } from 'zod'
import { KINDS, OUTPUT_STATES } from './enums.ts'

/** An error of a generation or an output, for users. `code` is a key of the failure table, or a code of an older version or an import. */
export const PublicError = z.strictObject({ code: z.string(), message: z.string().max(500) })
export type PublicError = z.infer<typeof PublicError>

/**
 * An image or video of a generation. It exists from the submission on: until it is stored, `width` and `height` are the requested
 * size, so that the layout is known before the bytes. The preview of a video is its poster; one without a poster has none.
 */
export const Output = z.strictObject({
  index: z.int().min(0),
  kind: z.enum(KINDS),
  state: z.enum(OUTPUT_STATES),
  url: z.string().nullable(),
  previewUrl: z.string().nullable(),
  placeholder: z.string().nullable().describe('thumbhash, base64'),
  width: z.int().nullable(),
  height: z.int().nullable(),
  bytes: z.int().nullable(),
  mimeType: z.string().nullable(),
  duration: z.number().nullable().describe('seconds'),
  favourite: z.boolean(),
  expiresAt: z.string().nullable().describe('when the provider deletes a temporary output, if it said so'),
  error: PublicError.nullable().describe('of a deleted output: it is purged, and can no longer be restored'),
})
export type Output = z.infer<typeof Output>
