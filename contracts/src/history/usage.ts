import { z } from 'zod'

const micros = z.int()
const count = z.int().min(0)

/** Dimensions by which usage is summed up. Days and months are UTC. */
export const USAGE_DIMENSIONS = ['day', 'model', 'connection'] as const
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number]

/** The sum of the calls of a day, a model, a connection, or of several of these at once. */
export const UsageRow = z.strictObject({
  day: z.string().nullable().describe('YYYY-MM-DD'),
  model: z.string().nullable(),
  connection: z.string().nullable(),
  currency: z.string(),
  calls: count,
  /** Calls that gave nothing. */
  failedCalls: count,
  /** Calls of which nobody knows whether they were made; they count with their estimate. */
  unknownCalls: count,
  images: count,
  videos: count,
  seconds: z.number().min(0).describe('from submission to answer, all calls together'),
  /** Reported where the provider reports, else estimated. */
  micros,
  reportedMicros: micros,
  estimatedMicros: micros,
  /** Part of `micros` for calls that gave nothing. */
  failedMicros: micros,
  /** Calls of models without a known price. */
  unpricedCalls: count,
})
export type UsageRow = z.infer<typeof UsageRow>

/** Response of `GET /api/usage`. `by` are the dimensions that are not null in `rows`. */
export const Usage = z.strictObject({
  from: z.string(),
  to: z.string(),
  by: z.array(z.enum(USAGE_DIMENSIONS)),
  rows: z.array(UsageRow),
  total: z.array(UsageRow).describe('one row a currency'),
  budget: z
    .strictObject({ limitMicros: micros, spentMicros: micros, reservedMicros: micros, renewsAt: z.string() })
    .nullable(),
})
export type Usage = z.infer<typeof Usage>
