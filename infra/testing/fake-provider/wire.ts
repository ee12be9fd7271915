import { LIMITS } from '@darkroom/contracts/limits'
import { z } from 'zod'

/** A submission to the fake provider. References are named by their hashes; some models are sent their bytes as well. */
export const Submission = z.strictObject({
  model: z.string(),
  kind: z.string(),
  operation: z.string().optional(),
  prompt: z.string(),
  negativePrompt: z.string().optional(),
  width: z.int().min(1),
  height: z.int().min(1),
  indices: z.array(z.int().min(0)).min(1),
  seed: z.number(),
  duration: z.number().optional(),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  references: z.array(
    z.strictObject({
      role: z.string().optional(),
      mimeType: z.string(),
      width: z.int().optional(),
      height: z.int().optional(),
      bytes: z.int(),
      sha256: z.string(),
      base64: z.string().optional(),
    }),
  ),
})
export type Submission = z.infer<typeof Submission>

const PREDICTION_STATUSES = ['starting', 'processing', 'succeeded', 'failed', 'canceled'] as const
export type PredictionStatus = (typeof PREDICTION_STATUSES)[number]

/** The cost of a whole prediction, once it has ended. */
export const ReportedCost = z.object({ micros: z.int().min(0), currency: z.string().length(3) })
export type ReportedCost = z.infer<typeof ReportedCost>

/** A prediction, after Replicate's. Outputs are parsed one by one: an invalid one does not affect the others. */
export const Prediction = z.object({
  id: z.string().regex(/^[\w-]{1,100}$/),
  status: z.enum(PREDICTION_STATUSES),
  indices: z.array(z.int()).nullish(),
  progress: z.number().min(0).max(1).nullish(),
  queuePosition: z.int().min(0).nullish(),
  lookAgainSeconds: z.number().min(0).max(3_600).nullish(),
  output: z.unknown().optional(),
  error: z.object({ code: z.string() }).nullish(),
  cost: ReportedCost.nullish(),
})
export type Prediction = z.infer<typeof Prediction>

const index = z
  .int()
  .min(0)
  .max(LIMITS.outputs - 1)

export const UrlOutput = z.object({
  index,
  url: z.url({ protocol: /^https?$/ }).max(LIMITS.urlCharacters),
  expiresAt: z.iso.datetime().nullish(),
  posterUrl: z
    .url({ protocol: /^https?$/ })
    .max(LIMITS.urlCharacters)
    .nullish(),
})
export type UrlOutput = z.infer<typeof UrlOutput>

/** A line of a response with bytes. The last line is marked as such. */
export const BytesLine = z.union([
  z.object({ index, mimeType: z.string().max(100), base64: z.string() }),
  z.object({ done: z.literal(true), cost: ReportedCost.optional() }),
])
export type BytesLine = z.infer<typeof BytesLine>

/** A line of what a prediction tells while it runs. */
export const WatchLine = z.union([
  z.object({ progress: z.number().min(0).max(1) }),
  z.object({ preview: z.object({ index, base64: z.base64() }) }),
])
export type WatchLine = z.infer<typeof WatchLine>

/** The response to a look-up by idempotency key. `searched`: the provider would have it, had it been submitted. */
export const Lookup = z.object({ searched: z.boolean(), prediction: Prediction.nullable() })

/** The model whose predictions are found by their idempotency key, and that a repeated key does not start again. */
export const OWN_ID_MODEL = 'fake-own-id'
/** The price of an output by the price list, in micro-units of USD. */
export const PRICE_MICROS = 10_000

/** The model that responds with bytes at once. Every other model is polled. */
export const BYTES_MODEL = 'fake-bytes'

/** The models that are sent the bytes of their inputs, which can be read at `/inputs/<sha256>`: one with every verb, one of videos. */
export const STUDIO_MODEL = 'fake-studio'
export const VIDEO_MODEL = 'fake-video'
