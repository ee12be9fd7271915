/** Streams, subjects and consumers of the bus. Free of schemas. */

export const STREAMS = {
  jobs: { name: 'JOBS', subjects: ['jobs.>'] },
  events: { name: 'EVENTS', subjects: ['events.>'] },
} as const
export type StreamKey = keyof typeof STREAMS

/** Subjects that `jobSubject` returns. */
export const JOB_SUBJECTS = 'jobs.generate.*'

/** Returns the subject of a provider's jobs. Each provider has its own, so one that hangs does not slow the others. */
export function jobSubject(provider: string): string {
  return `jobs.generate.${requireToken(provider)}`
}

/** Returns the name of the durable consumer that all processors share for a provider. */
export function jobConsumerName(provider: string): string {
  return `lane-${requireToken(provider)}`
}

/** Subject of cancellations, for every processor. A message is only a hint; the row decides. */
export const CANCEL_SUBJECT = 'jobs.cancel'

/** Subject of the commands and batches of backfills. It has its own consumer, so submissions never wait for a backfill. */
export const BACKFILL_SUBJECT = 'jobs.backfill'
export const BACKFILL_CONSUMER = 'backfill'

/** Subject of the progress of backfills. */
export const BACKFILL_EVENTS_SUBJECT = 'events.backfill'

/** Subject of changes of connections and of the list of models. A message is only a hint; the row decides. */
export const CONNECTIONS_SUBJECT = 'events.connections'

/** Subjects that `generationSubject` returns. */
export const GENERATION_SUBJECTS = 'events.*.generation'

/** Returns the subject of the changes of a workspace's generations. */
export function generationSubject(workspaceId: string): string {
  return `events.${requireToken(workspaceId)}.generation`
}

/** Returns the workspace of a subject made by `generationSubject`; undefined for any other subject. */
export function parseWorkspaceId(subject: string): string | undefined {
  return /^events\.([A-Za-z0-9_-]+)\.generation$/.exec(subject)?.[1]
}

/** Subjects that `livePreviewSubject` returns. Messages of core NATS: no stream stores them. */
export const LIVE_PREVIEW_SUBJECTS = 'previews.*'

/** Returns the subject of the previews of outputs of a workspace that are being made. */
export function livePreviewSubject(workspaceId: string): string {
  return `previews.${requireToken(workspaceId)}`
}

/** Subjects that `audienceSubject` returns. Messages of core NATS: no stream stores them. */
export const AUDIENCE_SUBJECTS = 'watch.*'

/** Returns the subject of the heartbeats that tell that somebody watches a workspace. */
export function audienceSubject(workspaceId: string): string {
  return `watch.${requireToken(workspaceId)}`
}

/** Returns the workspace of a subject made by `livePreviewSubject` or `audienceSubject`; undefined for any other subject. */
export function parseTransientWorkspaceId(subject: string): string | undefined {
  return /^(?:previews|watch)\.([A-Za-z0-9_-]+)$/.exec(subject)?.[1]
}

/** Returns the text if it is a plain token: `.`, `*` and `>` have a meaning in a subject. @throws RangeError otherwise */
function requireToken(text: string): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(text)) throw new RangeError('not a plain subject token')
  return text
}
