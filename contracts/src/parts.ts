import { z } from 'zod'

/** Whether the parts of the studio that a page cannot see by itself do their work. */
export const Parts = z.strictObject({ ingest: z.enum(['ok', 'away']), processor: z.enum(['ok', 'away']) })
export type Parts = z.infer<typeof Parts>

/** `ok`: does its work. `starting`: answers, and is not ready: it starts, stops, or waits for a server. `away`: does not answer. */
export const PartState = z.enum(['ok', 'starting', 'away'])
export type PartState = z.infer<typeof PartState>

/** Readiness of the whole studio, by the address that people open. `ready`: nothing is missing, and every engine answers. */
export const StudioReadiness = z.strictObject({
  ready: z.boolean(),
  parts: z.strictObject({ ingest: PartState, processor: PartState, query: PartState }),
  /** Checks of query itself, by name. */
  checks: z.record(z.string(), z.enum(['ok', 'failing'])),
  /** Servers that query is ready without, by name: the bus and the object store. */
  engines: z.record(z.string(), z.enum(['ok', 'failing'])).optional(),
})
export type StudioReadiness = z.infer<typeof StudioReadiness>
