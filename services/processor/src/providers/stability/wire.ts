import { z } from 'zod'

/** Shapes of Stability AI's API, as far as they are read. Unknown fields are ignored. */

/** Number of a file, where a base64 text was: see `readBase64Json`. */
const file = z.int().min(0)

/** An image in JSON: of a submission that is answered at once, or of a result. [D npm stability-ai@0.7.0, ComfyUI comfy_api_nodes] */
export const ImageAnswer = z.looseObject({
  image: file.optional().catch(undefined),
  finish_reason: z.string(),
  seed: z.int().min(0).optional().catch(undefined),
})
export type ImageAnswer = z.infer<typeof ImageAnswer>

/** Identifier of a job, of 64 characters [D]: it becomes a part of a path. */
export const JobId = z.string().regex(/^[A-Za-z0-9_-]{1,200}$/)

/** Answer of a submission that is polled. */
export const JobAnswer = z.looseObject({ id: JobId })

/** Answer of `GET /v1/user/balance` [D]. */
export const Balance = z.looseObject({ credits: z.number() })

/** Body of an error [D]. Those of `/v1` have a message instead of a list. */
export const ErrorBody = z.looseObject({
  name: z.string().optional().catch(undefined),
  errors: z.array(z.string()).optional().catch(undefined),
  message: z.string().optional().catch(undefined),
})
