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

/** A budget in the present month (UTC), in micro-units of USD: what is spent of it, and reserved for what is still to be made. */
export const UsageBudget = z.strictObject({
  limitMicros: micros,
  spentMicros: micros,
  reservedMicros: micros,
  renewsAt: z.string().describe('RFC 3339: the beginning of the next month'),
})
export type UsageBudget = z.infer<typeof UsageBudget>

/** The budget that a connection has beside that of the studio. */
export const ConnectionBudget = UsageBudget.extend({ connection: z.string(), name: z.string() })
export type ConnectionBudget = z.infer<typeof ConnectionBudget>

/** Response of `GET /api/usage`. `by` are the dimensions that are not null in `rows`. Budgets are for administrators alone. */
export const Usage = z.strictObject({
  from: z.string(),
  to: z.string(),
  by: z.array(z.enum(USAGE_DIMENSIONS)),
  rows: z.array(UsageRow),
  total: z.array(UsageRow).describe('one row a currency'),
  budget: UsageBudget.nullable().describe('of the whole studio'),
  connectionBudgets: z.array(ConnectionBudget).describe('of the connections that have one'),
})
export type Usage = z.infer<typeof Usage>
