import { z } from 'zod'
import { BackfillBatch, BackfillChanged, BackfillRequested, BackfillResume, BackfillStop } from './history/backfill.ts'
import { LIMITS } from './limits.ts'

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

/** A connection was added, changed, checked or removed. Processors read the row again. */
export const ConnectionChanged = z.strictObject({
  v: z.literal(1),
  type: z.literal('connection.changed'),
  id: z.string().max(100),
})
/** The list of models has changed. `id` is the connection that it changed for. */
export const ModelsChanged = z.strictObject({
  v: z.literal(1),
  type: z.literal('models.changed'),
  id: z.string().max(100),
})

/**
 * A picture of an output as it is so far, while its provider makes it: the one message with a payload. The same is the event `preview` of
 * `/api/events`. It is stored nowhere and comes once or never, so nothing may depend on it.
 */
export const LivePreview = z.strictObject({
  id: z.uuid().describe('generation'),
  index: z
    .int()
    .min(0)
    .max(LIMITS.outputs - 1),
  sequence: z.int().min(0).describe('rises with each preview of an output'),
  image: z
    .base64()
    .min(1)
    .max(4 * Math.ceil(LIMITS.livePreviewBytes / 3))
    .describe('a WebP'),
})
export type LivePreview = z.infer<typeof LivePreview>

export const BusMessage = z.discriminatedUnion('type', [
  GenerationQueued,
  GenerationChanged,
  GenerationCancelled,
  ConnectionChanged,
  ModelsChanged,
  BackfillRequested,
  BackfillBatch,
  BackfillStop,
  BackfillResume,
  BackfillChanged,
])
export type BusMessage = z.infer<typeof BusMessage>
