import { z } from 'zod'

const text = z.string().catch('')
/** Number of a file, where a base64 text was: see `readBase64Json`. */
const file = z.int().min(0)

/** The answer to a submission: a list of images, or the one of the extras. */
export const Answer = z
  .looseObject({ images: z.array(file.nullable().catch(null)).nullish(), image: file.nullish(), info: text })
  .refine(({ images, image }) => images !== undefined || image !== undefined)
export type Answer = z.infer<typeof Answer>

/** The text `info` of an answer, parsed: what was made, and by what. */
export const Info = z.looseObject({
  seed: z.int().min(0).optional().catch(undefined),
  index_of_first_image: z.int().min(0).optional().catch(undefined),
  sd_model_name: z.string().optional().catch(undefined),
})
export type Info = z.infer<typeof Info>

export const Progress = z.looseObject({
  active: z.boolean(),
  progress: z.number().catch(0),
  live_preview: z.string().nullish().catch(undefined),
  id_live_preview: z.int().nullish().catch(undefined),
})

/** The progress of whatever runs: which task that is, only some servers say. */
export const GlobalProgress = z.looseObject({
  progress: z.number(),
  current_image: z.string().nullish().catch(undefined),
  current_task: z.string().nullish().catch(undefined),
})

export const Checkpoint = z.looseObject({ title: text, model_name: text })
