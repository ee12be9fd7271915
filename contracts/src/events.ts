import { z } from 'zod'
import { BackfillBatch, BackfillChanged, BackfillRequested, BackfillResume, BackfillStop } from './backfill.ts'

/**
 * Everything that travels over the bus. Messages are thin: a version and an id, never a payload. The database is the truth;
 * whoever receives one reads the row. A version rises when the meaning changes; consumers are deployed before producers.
 */
export const GenerationQueued = z.strictObject({ v: z.literal(1), type: z.literal('generation.queued'), id: z.uuid() })
export const GenerationChanged = z.strictObject({
  v: z.literal(1),
  type: z.literal('generation.changed'),
  id: z.uuid(),
})
/** A person has cancelled it: whoever works on it stops, and the provider is asked to. */
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
