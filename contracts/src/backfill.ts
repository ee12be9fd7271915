import { z } from 'zod'

/**
 * Moving pictures out of old rows, as it is asked for and told. What is asked travels over the bus to whichever ingest is
 * free; how far a run is stands in its row, and an event says that it is time to read it.
 */

/** `move` takes pictures out of rows and keeps them in the store; `verify` reads back what was moved. */
export const BACKFILL_KINDS = ['move', 'verify'] as const

export const BACKFILL_STATES = ['running', 'stopped', 'done'] as const
export type BackfillState = (typeof BACKFILL_STATES)[number]

export const BackfillOptions = z.strictObject({
  kind: z.enum(BACKFILL_KINDS),
  of: z.uuid().nullable().describe('the run whose manifest is verified; null for everything that was ever moved'),
  dryRun: z.boolean().describe('looks at everything and changes nothing'),
  batch: z.int().min(1).max(500).describe('rows that one message stands for'),
  concurrency: z.int().min(1).max(32).describe('rows that are worked on at once'),
  limit: z.int().min(1).nullable().describe('rows after which the run is over; null for all'),
})
export type BackfillOptions = z.infer<typeof BackfillOptions>

const message = { v: z.literal(1), id: z.uuid() }

/** Begins a run. Whoever asks makes its id, so that asking twice is asking once. */
export const BackfillRequested = z.strictObject({
  ...message,
  type: z.literal('backfill.requested'),
  options: BackfillOptions,
})
/** The next rows of a run. `batch` is how many there were before: one that has been done already is not done again. */
export const BackfillBatch = z.strictObject({ ...message, type: z.literal('backfill.batch'), batch: z.int().min(0) })
export type BackfillBatch = z.infer<typeof BackfillBatch>
export const BackfillStop = z.strictObject({ ...message, type: z.literal('backfill.stop') })
export const BackfillResume = z.strictObject({ ...message, type: z.literal('backfill.resume') })
/** Something about a run has changed: look at its row. */
export const BackfillChanged = z.strictObject({ ...message, type: z.literal('backfill.changed') })

export const BackfillMessage = z.discriminatedUnion('type', [
  BackfillRequested,
  BackfillBatch,
  BackfillStop,
  BackfillResume,
])
export type BackfillMessage = z.infer<typeof BackfillMessage>

/** A row that was not moved: which one, and why, in words that say nothing of what is in it. */
export const BackfillFailure = z.strictObject({
  id: z.uuid(),
  reason: z.string(),
  temporary: z.boolean().describe('another try may help'),
})
export type BackfillFailure = z.infer<typeof BackfillFailure>

/** `POST /api/admin/backfill-reference-images`: one batch. */
export const BackfillRequest = z.strictObject({
  limit: z.int().min(1).max(100).default(20),
  cursor: z.string().min(1).max(200).nullish(),
  dryRun: z.boolean().default(false),
})
export type BackfillRequest = z.infer<typeof BackfillRequest>

export const BackfillResponse = z.strictObject({
  processed: z.int().min(0),
  updated: z.int().min(0),
  skipped: z.int().min(0),
  errors: z.array(BackfillFailure),
  nextCursor: z.string().nullable(),
  bytesSaved: z.int().min(0).describe('characters that the rows have fewer'),
})
export type BackfillResponse = z.infer<typeof BackfillResponse>
