import { z } from 'zod'

/** An identifier of a generation, in URL-safe base64 [D]: it becomes a part of a path. */
export const GenerationId = z.string().regex(/^[\w-]{1,200}$/)

/** The answer to a submission [D]. */
export const Acknowledgement = z.looseObject({ generation_id: GenerationId })

/** A result: one without a URL was held back by the safety check [D]. */
const GeneratedImage = z.looseObject({
  url: z.string().max(4_000).nullish().catch(null),
  is_image_safe: z.boolean().nullish().catch(null),
  seed: z.int().min(0).nullish().catch(null),
})
export type GeneratedImage = z.infer<typeof GeneratedImage>

/** The answer to a poll [D]. */
export const Generation = z.looseObject({
  status: z.string().max(100),
  failure_reason: z.string().nullish().catch(null),
  usage_cost_usd_micros: z.int().min(0).nullish().catch(null),
  data: z.array(GeneratedImage).max(100).nullish().catch(null),
})
export type Generation = z.infer<typeof Generation>

/** The answer to a submission that is only priced: PriceQuote [D]. */
export const PriceQuote = z.looseObject({
  object: z.literal('price_quote'),
  usd_micros: z.int().min(0).max(1_000_000_000),
})

/** A refusal. Its shape is documented for 402 and 429 alone; the fields with its words are [U]. */
export const ErrorBody = z.looseObject({
  error: z.string().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  detail: z.string().optional().catch(undefined),
  reject_reason: z.string().optional().catch(undefined),
})
