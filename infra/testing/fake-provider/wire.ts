import { LIMITS } from '@darkroom/contracts/limits'
import { z } from 'zod'

/** What the fake provider is asked. Its references are named by their bytes, which nobody draws from. */
export const Submission = z.strictObject({
  model: z.string(),
  kind: z.string(),
  prompt: z.string(),
  negativePrompt: z.string().optional(),
  width: z.int().min(1),
  height: z.int().min(1),
  indices: z.array(z.int().min(0)).min(1),
  seed: z.number(),
  duration: z.number().optional(),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  references: z.array(z.strictObject({ mimeType: z.string(), bytes: z.int(), sha256: z.string() })),
})
export type Submission = z.infer<typeof Submission>

const PREDICTION_STATUSES = ['starting', 'processing', 'succeeded', 'failed', 'canceled'] as const
export type PredictionStatus = (typeof PREDICTION_STATUSES)[number]

/** What it answers, after Replicate's predictions. Outputs are judged one by one: a bad one does not spoil the rest. */
export const Prediction = z.object({
  id: z.string().regex(/^[\w-]{1,100}$/),
  status: z.enum(PREDICTION_STATUSES),
  indices: z.array(z.int()).nullish(),
  progress: z.number().min(0).max(1).nullish(),
  queuePosition: z.int().min(0).nullish(),
  lookAgainSeconds: z.number().min(0).max(3_600).nullish(),
  output: z.unknown().optional(),
  error: z.object({ code: z.string() }).nullish(),
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
})
export type UrlOutput = z.infer<typeof UrlOutput>

/** A line of the answer that carries bytes; the last line says that it is the last. */
export const BytesLine = z.union([
  z.object({ index, mimeType: z.string().max(100), base64: z.string() }),
  z.object({ done: z.literal(true) }),
])
export type BytesLine = z.infer<typeof BytesLine>

/** The model that answers with bytes at once; every other one is asked again until it is done. */
export const BYTES_MODEL = 'fake-bytes'
