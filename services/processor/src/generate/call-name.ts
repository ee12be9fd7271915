import type { CallName } from '../answers/journal.ts'
import type { Job, JobCall } from '../queue/job.ts'

/** Returns the name of a call in the journal. One that was not made before is this attempt's. */
export function toCallName(job: Job, { call, attempt }: JobCall): CallName {
  return { generationId: job.id, call, attempt: attempt ?? job.attempt }
}

/** Returns the idempotency key of a call: the same for every try. */
export function toIdempotencyKey(generationId: string, call: number): string {
  return `${generationId}:${call}`
}
