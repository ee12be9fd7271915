import { z } from 'zod'

/** Response of `GET /api/generations/count`, which takes the filters of the list: the generations, and their outputs that can be shown. */
export const GenerationCount = z.strictObject({
  generations: z.int().min(0),
  outputs: z.int().min(0),
  trashDays: z
    .int()
    .min(0)
    .optional()
    .describe('of the trash alone: days after which what is in it is deleted permanently'),
})
export type GenerationCount = z.infer<typeof GenerationCount>

/** The settings that were found in an image file: those that its maker wrote. An absent one was not written. */
export const ImageSettings = z.strictObject({
  prompt: z.string().optional(),
  negativePrompt: z.string().optional(),
  model: z.string().optional().describe('as the maker names it'),
  seed: z.union([z.int(), z.string()]).optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  steps: z.number().optional(),
  guidance: z.number().optional(),
  source: z.string().describe('the program that wrote them: `Darkroom`, `A1111`, `ComfyUI`, `InvokeAI`, `SwarmUI`, …'),
})
export type ImageSettings = z.infer<typeof ImageSettings>

/** Response of `GET /api/references/:id/origin`: the output of this studio with the same bytes, and the settings in the file. */
export const ReferenceOrigin = z.strictObject({
  output: z.strictObject({ generationId: z.uuid(), outputIndex: z.int().min(0) }).nullable(),
  settings: ImageSettings.nullable(),
})
export type ReferenceOrigin = z.infer<typeof ReferenceOrigin>

/** Response of `DELETE /api/trash`: the number of generations that were removed permanently. */
export const TrashEmptied = z.strictObject({ purged: z.int().min(0) })
export type TrashEmptied = z.infer<typeof TrashEmptied>
