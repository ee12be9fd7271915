import type { Database } from '@darkroom/infra/database/connection'
import { MIN_SUBMIT_BYTES } from '@darkroom/infra/runtime/disk-space'
import type { JobCall } from '../queue/job.ts'
import { countFreeCalls } from '../queue/open-calls.ts'
import type { WaitingState } from '../queue/waiting-reason.ts'
import type { CallOutcome, CallResult } from './call-context.ts'

interface SelectDeps {
  database: Database
  /** Returns the free space for answers, in bytes. */
  getFreeBytes: () => Promise<number>
}

/** Calls that are made now, and those that are made later with their outcomes so far. */
interface SubmittableCalls {
  submit: JobCall[]
  postponed: CallResult[]
}

const DISK_FULL_SECONDS = 10
/** Time after which a generation looks again for capacity for another call. */
const CAPACITY_POLL_SECONDS = 2

/** Selects the calls of a plan that can be made now. For the others the disk, or their connection, has no capacity. */
export async function selectSubmittableCalls(
  { database, getFreeBytes }: SelectDeps,
  connection: string,
  calls: JobCall[],
): Promise<SubmittableCalls> {
  if (calls.length === 0) return { submit: [], postponed: [] }
  const isDiskFull = (await getFreeBytes()) < MIN_SUBMIT_BYTES
  if (isDiskFull) return { submit: [], postponed: calls.map(call => ({ call, outcome: DISK_FULL })) }
  const free = await countFreeCalls(database, connection)
  return {
    submit: calls.slice(0, free),
    postponed: calls.slice(free).map(call => ({ call, outcome: CONNECTION_FULL })),
  }
}

/** Creates the outcome of a call that waits in this studio, and was not made. */
export function createWait(seconds: number, reason: WaitingState['reason']): CallOutcome {
  return { kind: 'waiting', seconds, reason }
}

const DISK_FULL = createWait(DISK_FULL_SECONDS, 'disk-full')
/** The outcome of a call that is made once its connection has capacity for it. */
export const CONNECTION_FULL = createWait(CAPACITY_POLL_SECONDS, 'connection-full')
