import type { Status } from '@darkroom/contracts/enums'
import { publicError } from '@darkroom/contracts/failures'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import { type Database, type Transaction, transaction } from '@darkroom/infra/database/connection'
import { transition } from '@darkroom/infra/generations/generations'
import { finishGeneration } from '../generate/finish-generation.ts'
import { checkBreaker } from './circuit-breaker.ts'
import type { Job } from './job.ts'
import { readJob } from './job-rows.ts'
import { setWaiting } from './waiting-reason.ts'

const LEASE_EXPIRED = 'taken over: its worker fell silent'
const LEASE_RELEASED = 'taken over: its worker was stopped'
const GAVE_UP = publicError('gave_up')

/** How an attempt to take a generation ended. */
export type ClaimResult =
  | { kind: 'claimed'; job: Job }
  | { kind: 'not-now'; seconds: number }
  | { kind: 'nothing-to-do' }
  | { kind: 'unknown' }

export interface ClaimOptions {
  database: Database
  /** Who claims, for people who look at the table. */
  owner: string
  leaseSeconds: number
  /** Silent deaths and retryable errors after which a generation is failed. */
  maxFailures: number
}

interface LockedGeneration {
  attempt: number
  failures: number
  status: Status
  provider: string
  /** Who holds it; null if nobody does, or if it was let go of. */
  owner: string | null
  /** Seconds until the lease of its present holder runs out; null if nobody holds it, negative if it has run out. */
  leaseLeft: number | null
  /** Seconds until it should be looked at. */
  dueIn: number | null
}

/**
 * Takes a generation, if nobody else has it and there is something to do. Taking it raises the attempt, which shuts out
 * whoever had it before. All times are the database's.
 */
export async function claimGeneration(options: ClaimOptions, id: string): Promise<ClaimResult> {
  return await transaction(options.database, async tx => {
    const generation = await lockGeneration(tx, id)
    if (!generation) return { kind: 'unknown' }
    if (isTerminal(generation.status)) return { kind: 'nothing-to-do' }
    const waitSeconds = Math.max(generation.leaseLeft ?? 0, generation.dueIn ?? 0)
    if (waitSeconds > 0) return { kind: 'not-now', seconds: waitSeconds }
    return (await blockedByBreaker(tx, options, id, generation)) ?? (await acquireLease(tx, options, id, generation))
  })
}

/** Locked first and read by a statement of its own: one that has waited for the lock still sees what was before. */
async function lockGeneration(tx: Transaction, id: string): Promise<LockedGeneration | undefined> {
  await tx`select from generation_jobs where generation_id = ${id} for update`
  const [generation] = await tx<LockedGeneration[]>`
    select j.attempt, j.failures, j.lease_owner as owner, g.status, g.provider,
           extract(epoch from j.lease_until - clock_timestamp())::float as "leaseLeft",
           extract(epoch from j.next_check_at - clock_timestamp())::float as "dueIn"
    from generation_jobs j join generations g on g.id = j.generation_id where j.generation_id = ${id}`
  return generation
}

/** What its lane is paused for waits, and says so; what only has to be stored does not need the provider. */
async function blockedByBreaker(
  tx: Transaction,
  options: ClaimOptions,
  id: string,
  generation: LockedGeneration,
): Promise<ClaimResult | undefined> {
  if (generation.status === 'uploading') return undefined
  const breaker = await checkBreaker(tx, generation.provider, options.leaseSeconds)
  if (breaker.kind === 'closed') return undefined
  await setWaiting(tx, id, { reason: breaker.reason, seconds: breaker.pauseSeconds })
  return { kind: 'not-now', seconds: breaker.pauseSeconds }
}

async function acquireLease(
  tx: Transaction,
  options: ClaimOptions,
  id: string,
  generation: LockedGeneration,
): Promise<ClaimResult> {
  const attempt = generation.attempt + 1
  const isLeaseExpired = generation.leaseLeft !== null && generation.owner !== null
  const failures = generation.failures + Number(isLeaseExpired)
  await tx`
    update generation_jobs set attempt = ${attempt}, failures = ${failures}, lease_owner = ${options.owner},
      lease_until = clock_timestamp() + make_interval(secs => ${options.leaseSeconds}), next_check_at = null, stage = null
    where generation_id = ${id}`
  if (generation.status === 'queued') await transition(tx, { id, to: 'processing', attempt })
  else if (generation.leaseLeft !== null)
    await transition(tx, {
      id,
      to: generation.status,
      attempt,
      detail: isLeaseExpired ? LEASE_EXPIRED : LEASE_RELEASED,
    })
  const job = await readJob(tx, id)
  if (!job) return { kind: 'unknown' }
  if (failures <= options.maxFailures) return { kind: 'claimed', job }
  await finishGeneration(tx, job, GAVE_UP)
  return { kind: 'nothing-to-do' }
}
