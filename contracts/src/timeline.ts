import { z } from 'zod'

/** How many generations there are of each day that has some, newest first. */
export const Timeline = z.strictObject({
  days: z.array(z.strictObject({ day: z.iso.date(), count: z.int().min(1) })),
})
export type Timeline = z.infer<typeof Timeline>
