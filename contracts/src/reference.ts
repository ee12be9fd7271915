import { z } from 'zod'
import { INPUT_ROLES } from './model.ts'

/** An image that a user submits with a prompt. `id` is null where an old row has only a URL. */
export const Reference = z.strictObject({
  id: z.uuid().nullable(),
  url: z.string(),
  previewUrl: z.string(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  role: z.enum(INPUT_ROLES).optional().describe('of a reference of a generation'),
})
export type Reference = z.infer<typeof Reference>

export const References = z.array(Reference)
export type References = z.infer<typeof References>
