import { z } from 'zod'

/** An image that a user submits with a prompt. `id` is null where an old row has only a URL. */
export const Reference = z.strictObject({
  id: z.uuid().nullable(),
  url: z.string(),
  previewUrl: z.string(),
  width: z.int().nullable(),
  height: z.int().nullable(),
})
export type Reference = z.infer<typeof Reference>

export const References = z.array(Reference)
