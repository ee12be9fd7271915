import { z } from 'zod'

/** Number of generations of each day that has any, newest first. */
export const Timeline = z.strictObject({
  days: z.array(z.strictObject({ day: z.iso.date(), count: z.int().min(1) })),
})
export type Timeline = z.infer<typeof Timeline>
