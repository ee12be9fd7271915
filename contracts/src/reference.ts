import { z } from 'zod'

/** A picture that a person gives along with a prompt. `id` is null where an old row only knows an address. */
export const Reference = z.strictObject({
  id: z.uuid().nullable(),
  url: z.string(),
  previewUrl: z.string(),
  width: z.int().nullable(),
  height: z.int().nullable(),
})
export type Reference = z.infer<typeof Reference>

export const References = z.array(Reference)
