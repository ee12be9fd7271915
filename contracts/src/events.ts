import { z } from 'zod'
import { BackfillBatch, BackfillChanged, BackfillRequested, BackfillResume, BackfillStop } from './backfill.ts'

/**
 * Messages of the bus. A message is thin: a version and an id, never a payload. The database is the source of truth, and the receiver
 * reads the row. The version rises when the meaning changes; consumers are deployed before producers.
 */

/** A generation is queued and needs a worker. */
export const GenerationQueued = z.strictObject({ v: z.literal(1), type: z.literal('generation.queued'), id: z.uuid() })
/** The document of a generation has changed. */
export const GenerationChanged = z.strictObject({
  v: z.literal(1),
  type: z.literal('generation.changed'),
  id: z.uuid(),
})
/** A user has cancelled a generation. Its worker stops and requests the same of the provider. */
export const GenerationCancelled = z.strictObject({
  v: z.literal(1),
  type: z.literal('generation.cancelled'),
  id: z.uuid(),
})

export const BusMessage = z.discriminatedUnion('type', [
  GenerationQueued,
  GenerationChanged,
  GenerationCancelled,
  BackfillRequested,
  BackfillBatch,
  BackfillStop,
  BackfillResume,
  BackfillChanged,
])
export type BusMessage = z.infer<typeof BusMessage>
