import { z } from 'zod'
import { KINDS, OUTPUT_STATES } from './enums.ts'

export const PublicError = z.strictObject({ code: z.string(), message: z.string().max(500) })
export type PublicError = z.infer<typeof PublicError>

/**
 * One picture or video of a generation. It exists from submission on: until it is stored, `width` and `height` are what was
 * asked for, so that its place can be laid out before there are any bytes.
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
  error: PublicError.nullable(),
})
export type Output = z.infer<typeof Output>
