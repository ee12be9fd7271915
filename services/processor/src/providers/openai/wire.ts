import { z } from 'zod'

/** Shapes of OpenAI's API, as far as they are read. Unknown fields are ignored. @see openai/openai-openapi@f85dbe2 */

const count = z.int().min(0).optional().catch(undefined)

export const Usage = z.object({
  input_tokens: count,
  output_tokens: count,
  total_tokens: count,
  input_tokens_details: z
    .object({ text_tokens: count, image_tokens: count, cached_tokens: count })
    .optional()
    .catch(undefined),
})
export type Usage = z.infer<typeof Usage>

/** Number of a file, where a base64 text was: see `readBase64Json`. */
const file = z.int().min(0)

/** Answer of `POST /images/generations` and `POST /images/edits`. */
export const ImagesAnswer = z.object({
  data: z.array(z.object({ b64_json: file.optional(), revised_prompt: z.string().optional().catch(undefined) })),
  usage: Usage.optional().catch(undefined),
})

export type ImagesAnswer = z.infer<typeof ImagesAnswer>

/** Events of a streamed answer. [S] ImageGenPartialImageEvent, ImageGenCompletedEvent, and those of edits. */
export const PartialImage = z.object({
  type: z.enum(['image_generation.partial_image', 'image_edit.partial_image']),
  b64_json: file,
})
export const CompletedImage = z.object({
  type: z.enum(['image_generation.completed', 'image_edit.completed']),
  b64_json: file.optional(),
  revised_prompt: z.string().optional().catch(undefined),
  usage: Usage.optional().catch(undefined),
})
/** Its shape is [U]: the error is in a field of its own, or is the event. */
export const StreamError = z.looseObject({
  type: z.literal('error'),
  error: z.looseObject({}).optional().catch(undefined),
})

/** Identifier of a response: it becomes a part of a path. */
export const ResponseId = z.string().regex(/^resp_[A-Za-z0-9_-]{1,200}$/)

export const ModerationDetails = z.object({
  moderation_stage: z.string().optional().catch(undefined),
  categories: z.array(z.string()).optional().catch(undefined),
})

const Item = z.object({
  type: z.string(),
  status: z.string().optional().catch(undefined),
  result: file.nullable().optional().catch(undefined),
  revised_prompt: z.string().optional().catch(undefined),
  moderation_details: ModerationDetails.nullable().optional().catch(undefined),
  content: z
    .array(z.object({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() }))
    .optional()
    .catch(undefined),
})
export type ResponseItem = z.infer<typeof Item>

/** A response of the Responses API that runs in the background. */
export const BackgroundResponse = z.object({
  id: ResponseId,
  object: z.literal('response'),
  status: z.enum(['queued', 'in_progress', 'completed', 'failed', 'cancelled', 'incomplete']),
  output: z.array(Item).optional().catch(undefined),
  error: z
    .object({ code: z.string().nullable().optional(), message: z.string().nullable().optional() })
    .nullable()
    .optional()
    .catch(undefined),
  incomplete_details: z.object({ reason: z.string().optional() }).nullable().optional().catch(undefined),
  usage: Usage.nullable().optional().catch(undefined),
})
export type BackgroundResponse = z.infer<typeof BackgroundResponse>

/** Body of an error. [S] Error; `moderation_details` [D, third party] */
export const ErrorBody = z.object({
  error: z.object({
    message: z.string().optional().catch(undefined),
    type: z.string().nullable().optional().catch(undefined),
    code: z.string().nullable().optional().catch(undefined),
    param: z.string().nullable().optional().catch(undefined),
    moderation_details: ModerationDetails.nullable().optional().catch(undefined),
  }),
})
export type ApiError = z.infer<typeof ErrorBody>['error']

/** Answer of `GET /models`. `shutdown_date` [D developers.openai.com/api/docs/deprecations]. */
export const ModelList = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      shutdown_date: z
        .string()
        .regex(/^\d{4}-\d{2}-\d{2}$/)
        .nullable()
        .optional()
        .catch(undefined),
    }),
  ),
})
