import type { Status } from '@darkroom/contracts/enums'
import type { Transaction } from '@darkroom/infra/database/connection'
import type { GenerationKey } from '@darkroom/infra/generations/generations'
import type { Job } from './job.ts'
import { countAhead, countOpenOrClaimed, lockLimits } from './open-calls.ts'
import { setWaiting, type WaitingState } from './waiting-reason.ts'

/** A generation that is about to be claimed, as far as the limits of its connection are concerned. */
export interface LimitedGeneration extends GenerationKey {
  connection: string
  status: Status
  mode: Job['mode']
  /** Whether one of its calls is open: it must be polled. */
  hasOpenCall: boolean
  /** Whether it waits until its connection has capacity. */
  isInLine: boolean
}

const CONNECTION_FULL: WaitingState = { reason: 'connection-full', seconds: null }
const SLOT_POLL_SECONDS = 1
/** A generation for which there is no capacity looks again the later, the more wait before it. */
const CAPACITY_POLL_SECONDS = { first: 1, each: 0.5, max: 30 }

/**
 * Checks the limits of a connection before a generation is claimed: the generations that all processors together work on, and the calls
 * that are open at the provider. A generation with an open call, or with none to make, needs no capacity for another one.
 *
 * @returns seconds until it is worth checking again; undefined if there is capacity
 */
export async function checkLimits(tx: Transaction, generation: LimitedGeneration): Promise<number | undefined> {
  const { connection, status } = generation
  const limits = await lockLimits(tx, connection)
  if (!limits) return undefined
  const makesCall = !generation.hasOpenCall && generation.mode === 'make' && status !== 'uploading'
  if (limits.slots !== null && (await countLeased(tx, connection)) >= limits.slots) {
    // Nothing is made of it meanwhile. One that is queued says so already.
    if (makesCall && status !== 'queued') await setWaiting(tx, generation, CONNECTION_FULL)
    return SLOT_POLL_SECONDS
  }
  if (!makesCall || limits.maxOpenCalls === null) return undefined
  const free = limits.maxOpenCalls - (await countOpenOrClaimed(tx, connection))
  const ahead = await countAhead(tx, generation)
  // One that is new takes its turn after those that wait.
  return free > (generation.isInLine ? 0 : ahead) ? undefined : await waitForCapacity(tx, generation, ahead)
}

async function countLeased(tx: Transaction, connection: string): Promise<number> {
  const [leased] = await tx<{ count: number }[]>`
    select count(*)::int as count from generation_jobs j join generations g on g.id = j.generation_id
    where g.provider = ${connection} and j.lease_until > clock_timestamp()`
  return leased?.count ?? 0
}

/** Records that a generation waits for capacity. The time of its next look is in its row, so that its message is not taken for lost. */
async function waitForCapacity(tx: Transaction, generation: LimitedGeneration, ahead: number): Promise<number> {
  const { first, each, max } = CAPACITY_POLL_SECONDS
  const seconds = Math.min(max, first + ahead * each)
  await setWaiting(tx, generation, CONNECTION_FULL)
  await tx`
    update generation_jobs set next_check_at = clock_timestamp() + make_interval(secs => ${seconds})
    where generation_id = ${generation.id} and workspace_id = ${generation.workspaceId}`
  return seconds
}
