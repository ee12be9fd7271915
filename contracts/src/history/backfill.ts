import { z } from 'zod'

/**
 * The backfill, which moves images out of old rows: its messages, its request and its response. Commands travel over the bus to any
 * ingest that is free. The progress of a run is in its row, and an event announces that the row has changed.
 */

/** `move` moves images from rows into the store; `verify` reads the moved images back and compares them. */
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

/** Starts a run. The client makes its id, so a repeated message starts no second run. */
export const BackfillRequested = z.strictObject({
  ...message,
  type: z.literal('backfill.requested'),
  options: BackfillOptions,
})
/** The next batch of a run. `batch` is the number of batches before it: a batch that is done is not done again. */
export const BackfillBatch = z.strictObject({ ...message, type: z.literal('backfill.batch'), batch: z.int().min(0) })
export type BackfillBatch = z.infer<typeof BackfillBatch>
export const BackfillStop = z.strictObject({ ...message, type: z.literal('backfill.stop') })
export const BackfillResume = z.strictObject({ ...message, type: z.literal('backfill.resume') })
/** The row of a run has changed. */
export const BackfillChanged = z.strictObject({ ...message, type: z.literal('backfill.changed') })

export const BackfillMessage = z.discriminatedUnion('type', [
  BackfillRequested,
  BackfillBatch,
  BackfillStop,
  BackfillResume,
])
export type BackfillMessage = z.infer<typeof BackfillMessage>

/** A row that was not moved, with a reason that contains nothing of the row. */
export const BackfillFailure = z.strictObject({
  id: z.uuid(),
  reason: z.string(),
  temporary: z.boolean().describe('another try may help'),
})
export type BackfillFailure = z.infer<typeof BackfillFailure>

/** Body of `POST /api/admin/backfill-reference-images`, which runs one batch. */
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
