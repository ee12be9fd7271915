import { z } from 'zod'

/**
 * Messages between the launcher and query, over the channel of their processes. Query offers to answer at the studio's address itself
 * once it listens; the launcher tells it to, and closes its own gateway there when that is open. A query process that closes says so, and
 * the launcher answers there again.
 */
export const ToLauncher = z.enum(['gateway-offered', 'gateway-open', 'gateway-failed', 'gateway-closed'])
export type ToLauncher = z.infer<typeof ToLauncher>

export const ToQuery = z.discriminatedUnion('message', [
  z.object({ message: z.literal('open'), port: z.number(), host: z.string(), maxRequests: z.number() }),
  z.object({ message: z.literal('refuse-changes') }),
  z.object({ message: z.literal('stop-listening') }),
])
export type ToQuery = z.infer<typeof ToQuery>
