import { z } from 'zod'

/**
 * Shapes of fal's APIs, as far as they are read. Unknown fields are ignored. [D] fal.ai/docs/api-reference/inference-api/openapi/queue.json,
 * fal.ai/docs/platform-apis/v1/models/pricing.md; [S] fal-ai/fal-js@381105e, types/common.ts
 */

/** Most characters of a URL that is read. */
const MAX_URL_CHARACTERS = 2_048
const url = z.url({ protocol: /^https?$/ }).max(MAX_URL_CHARACTERS)
const text = z.string().optional().catch(undefined)

/** Identifier of a request. */
export const RequestId = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/)

/** Answer of a submission. */
export const Submitted = z.looseObject({
  request_id: RequestId,
  status_url: url,
  response_url: url,
  cancel_url: url,
})

export const QueueStatus = z.looseObject({
  status: z.enum(['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED']),
  queue_position: z.int().min(0).optional().catch(undefined),
  logs: z
    .array(z.looseObject({ message: z.string() }))
    .nullish()
    .catch(undefined),
  error: z.unknown().optional(),
  error_type: z.string().nullish().catch(undefined),
})
export type QueueStatus = z.infer<typeof QueueStatus>

const File = z.looseObject({ url })

/** Result of a model: one or several images, or a video. */
export const ModelResult = z.looseObject({
  images: z.array(File).optional(),
  image: File.nullish(),
  video: File.nullish(),
  seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullish().catch(undefined),
  has_nsfw_concepts: z.array(z.boolean()).nullish().catch(undefined),
})
export type ModelResult = z.infer<typeof ModelResult>

/** One of the errors of a model: fal.ai/docs/documentation/model-apis/errors.md */
const ModelError = z.looseObject({
  loc: z.array(z.union([z.string(), z.number()])).catch([]),
  msg: z.string().catch(''),
  type: z.string().catch(''),
})
export type ModelError = z.infer<typeof ModelError>

/** Body of a refusal: errors of a model, or a sentence, with the type of an error of the platform. */
export const ErrorBody = z.looseObject({
  detail: z
    .union([z.array(ModelError), z.string()])
    .optional()
    .catch(undefined),
  error_type: text,
  error: z.looseObject({ type: text, message: text }).optional().catch(undefined),
})
export type ErrorBody = z.infer<typeof ErrorBody>

/** Answer of a cancel. */
export const Cancelled = z.looseObject({ status: z.string() })

const Price = z.looseObject({
  endpoint_id: z.string(),
  unit_price: z.number().min(0).max(1_000_000),
  unit: z.string(),
  currency: z.string().regex(/^[A-Z]{3}$/),
})

/** Answer of `GET /models/pricing`. An entry that cannot be read is left out. */
export const PriceList = z.looseObject({ prices: z.array(Price.optional().catch(undefined)) })

const ListedModel = z.looseObject({
  endpoint_id: z.string(),
  metadata: z.looseObject({ status: text }).nullish().catch(undefined),
  openapi: z.unknown().optional(),
})

/** Answer of `GET /models`. */
export const ModelList = z.looseObject({ models: z.array(ListedModel.optional().catch(undefined)) })
