import { z } from 'zod'

/** Query of `GET /api/events`. An id that is none is answered by a resync, as one in the header is. */
export const EventParameters = z.object({ lastEventId: z.string().optional() })
