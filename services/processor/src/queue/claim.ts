import { publicError } from '@darkroom/contracts/failures'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { isActive } from '@darkroom/infra/database/studio-state'
import { transaction } from '@darkroom/infra/database/transaction'
import { transition } from '@darkroom/infra/generations/generations'
import { finishGeneration } from '../generate/finish-generation.ts'
import { checkBreaker } from './circuit-breaker.ts'
import type { Job } from './job.ts'
import { readJob } from './job-rows.ts'
import { checkLimits, type LimitedGeneration } from './limits.ts'
import { setWaiting } from './waiting-reason.ts'

const LEASE_EXPIRED = 'taken over: its worker fell silent'
const LEASE_RELEASED = 'taken over: its worker was stopped'
/** Seconds after which a restored copy looks whether it has taken over. */
const RESTORED_SECONDS = 30
const REMOVED_POLL_SECONDS = 30
const GAVE_UP = publicError('gave_up')

/** The result of claiming a generation. `seconds` is when to claim it again. */
export type ClaimResult =
  | { kind: 'claimed'; job: Job }
  | { kind: 'not-now'; seconds: number }
  | { kind: 'nothing-to-do' }
  | { kind: 'unknown' }

export interface ClaimOptions {
  database: Database
  /** The connection whose adapter would work on it. A generation of another one is left to its own message. */
  connection: string
  /** The claiming process, for people who read the table. */
  owner: string
  leaseSeconds: number
  /** Expired leases and retryable errors after which a generation is failed. */
  maxFailures: number
  /** Returns whether answers for the generation are in the journal: it is not given up as soon then. None unless given. */
  hasAnswers?: (id: string) => Promise<boolean>
  /** Whether this host has the answer that the generation waits for: it is due at once then. */
  isRecovery?: boolean
}

/** Factor of `maxFailures` for a generation whose answer is in the journal. */
const ANSWERED_FACTOR = 10

interface LockedGeneration extends LimitedGeneration {
  attempt: number
  failures: number
  /** Owner of the lease; null if there is none, or if it was released. */
  owner: string | null
  /** Seconds until the lease expires; null if there is none, negative if it has expired. */
  leaseLeft: number | null
  /** Seconds until the job is due; null if it is due now. */
  dueIn: number | null
  /** Whether it waits for an answer that another process, or another host, may have. */
  isRecovering: boolean
  /** False in a restored copy that has not taken over. */
  isStudioActive: boolean
}

/**
 * Claims a generation if it is due, not leased and not ended, and its circuit breaker lets it through; none in a restored copy. A claim raises the
 * attempt, which fences off the previous worker. All times are the database's.
 */
export async function claimGeneration(options: ClaimOptions, id: string): Promise<ClaimResult> {
  return await transaction(options.database, async tx => {
    const generation = await lockGeneration(tx, id)
    if (!generation) return { kind: 'unknown' }
    if (isTerminal(generation.status) || generation.connection !== options.connection) return { kind: 'nothing-to-do' }
    if (!generation.isStudioActive) return { kind: 'not-now', seconds: RESTORED_SECONDS }
    const isDue = options.isRecovery === true && generation.isRecovering
    const waitSeconds = Math.max(generation.leaseLeft ?? 0, isDue ? 0 : (generation.dueIn ?? 0))
    if (waitSeconds > 0) return { kind: 'not-now', seconds: waitSeconds }
    return (
      (await blockedByRemoval(tx, generation)) ??
      // Before the breaker, whose probe must be a generation that reaches the provider. A check of the connection locks in this order, too.
      (await blockedByLimits(tx, generation)) ??
      (await blockedByBreaker(tx, options, generation)) ??
      (await acquireLease(tx, options, generation))
    )
  })
}

/** Locks a generation's job, then reads it by another statement: a statement that waited for a lock still sees the old row. */
async function lockGeneration(tx: Transaction, id: string): Promise<LockedGeneration | undefined> {
  await tx`select from generation_jobs where generation_id = ${id} for update`
  const [generation] = await tx<LockedGeneration[]>`
    select g.id, g.workspace_id as "workspaceId", j.attempt, j.failures, j.lease_owner as owner, g.status, g.provider as connection,
           ${isActive(tx)} as "isStudioActive",
           coalesce(g.waiting ->> 'reason' = 'recovering', false) as "isRecovering",
           coalesce(g.waiting ->> 'reason' = 'connection-full', false) as "isInLine", j.mode,
           exists (select from provider_calls p where p.workspace_id = g.workspace_id and p.generation_id = g.id
             and p.finished_at is null) as "hasOpenCall",
           extract(epoch from j.lease_until - clock_timestamp())::float as "leaseLeft",
           extract(epoch from j.next_check_at - clock_timestamp())::float as "dueIn"
    from generation_jobs j join generations g on g.id = j.generation_id where j.generation_id = ${id}`
  return generation
}

/**
 * Returns `not-now` while the provider's circuit breaker is open, and records what the generation waits for. A generation
 * whose outputs only have to be stored does not need the provider.
 */
async function blockedByBreaker(
  tx: Transaction,
  options: ClaimOptions,
  generation: LockedGeneration,
): Promise<ClaimResult | undefined> {
  if (generation.status === 'uploading') return undefined
  const breaker = await checkBreaker(tx, generation.connection, options.leaseSeconds)
  if (breaker.kind !== 'open') return undefined
  const { reason, remainingSeconds: seconds } = breaker
  await setWaiting(tx, generation, { reason, seconds: breaker.isKnown ? seconds : null })
  return { kind: 'not-now', seconds }
}

/** Returns `not-now` for a connection that was removed, unless a call of the generation is under way: no new one is made. */
async function blockedByRemoval(tx: Transaction, generation: LockedGeneration): Promise<ClaimResult | undefined> {
  const { id, connection } = generation
  const removed = await tx`
    select from connections where id = ${connection} and removed_at is not null and not exists (
      select from provider_calls where generation_id = ${id} and finished_at is null)`
  if (removed.length === 0) return undefined
  await setWaiting(tx, generation, { reason: 'not-configured', seconds: null })
  return { kind: 'not-now', seconds: REMOVED_POLL_SECONDS }
}

/** Returns `not-now` while the limits of the connection leave no capacity for the generation. */
async function blockedByLimits(tx: Transaction, generation: LockedGeneration): Promise<ClaimResult | undefined> {
  const seconds = await checkLimits(tx, generation)
  return seconds === undefined ? undefined : { kind: 'not-now', seconds }
}

async function acquireLease(
  tx: Transaction,
  options: ClaimOptions,
  generation: LockedGeneration,
): Promise<ClaimResult> {
  const { id, workspaceId } = generation
  const attempt = generation.attempt + 1
  const isLeaseExpired = generation.leaseLeft !== null && generation.owner !== null
  const failures = generation.failures + Number(isLeaseExpired)
  await tx`
    update generation_jobs set attempt = ${attempt}, failures = ${failures}, lease_owner = ${options.owner},
      lease_until = clock_timestamp() + make_interval(secs => ${options.leaseSeconds}), next_check_at = null, stage = null
    where generation_id = ${id}`
  if (generation.status === 'queued') await transition(tx, { id, workspaceId, to: 'processing', attempt })
  else if (generation.leaseLeft !== null)
    await transition(tx, {
      id,
      workspaceId,
      to: generation.status,
      attempt,
      detail: isLeaseExpired ? LEASE_EXPIRED : LEASE_RELEASED,
    })
  const job = await readJob(tx, id)
  if (!job) return { kind: 'unknown' }
  if (failures <= options.maxFailures || (await isWorthAnotherTry(options, id, failures)))
    return { kind: 'claimed', job }
  await finishGeneration(tx, job, GAVE_UP)
  return { kind: 'nothing-to-do' }
}

async function isWorthAnotherTry(
  { maxFailures, hasAnswers }: ClaimOptions,
  id: string,
  failures: number,
): Promise<boolean> {
  if (failures > maxFailures * ANSWERED_FACTOR || hasAnswers === undefined) return false
  return await hasAnswers(id)
}
