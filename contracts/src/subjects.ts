/** Names on the bus. Free of schemas. */

export const STREAMS = {
  jobs: { name: 'JOBS', subjects: ['jobs.>'] },
  events: { name: 'EVENTS', subjects: ['events.>'] },
} as const
export type StreamKey = keyof typeof STREAMS

/** Work for one provider's lane. Lanes are apart so that a provider that hangs never slows another. */
export function jobSubject(provider: string): string {
  return `jobs.generate.${requireToken(provider)}`
}

/** The durable consumer that all processors share for one provider. */
export function jobConsumerName(provider: string): string {
  return `lane-${requireToken(provider)}`
}

/** Generations that were cancelled: a hint, for every processor. */
export const CANCEL_SUBJECT = 'jobs.cancel'

/** What is asked of a backfill, and each of its batches. On a consumer of its own: people's submissions never wait for it. */
export const BACKFILL_SUBJECT = 'jobs.backfill'
export const BACKFILL_CONSUMER = 'backfill'

/** How the runs of backfills are getting on. */
export const BACKFILL_EVENTS_SUBJECT = 'events.backfill'

/** Changes of a workspace's generations. */
export function generationSubject(workspaceId: string): string {
  return `events.${requireToken(workspaceId)}.generation`
}

/** The workspace that a subject made by `generationSubject` speaks of; undefined for any other subject. */
export function parseWorkspaceId(subject: string): string | undefined {
  return /^events\.([A-Za-z0-9_-]+)\.generation$/.exec(subject)?.[1]
}

/** A subject is text with meaning (`.`, `*`, `>`): nothing that is not a plain token may become part of one. */
function requireToken(text: string): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(text)) throw new RangeError('not a plain subject token')
  return text
}
