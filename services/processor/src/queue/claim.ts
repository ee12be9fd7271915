import type { Status } from '@darkroom/contracts/enums'
import { publicError } from '@darkroom/contracts/failures'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import { type Database, type Transaction, transaction } from '@darkroom/infra/database/connection'
import { move } from '@darkroom/infra/generations/generations'
import { finish } from '../generate/finish-generation.ts'
import { passLane } from './circuit-breaker.ts'
import type { Job } from './job.ts'
import { readJob } from './job-rows.ts'
import { setWaiting } from './waiting-reason.ts'

const DIED = 'taken over: its worker fell silent'
const LET_GO = 'taken over: its worker was stopped'
const GAVE_UP = publicError('gave_up')

/** How an attempt to take a generation ended. */
export type Claim =
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

interface Held {
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
export async function claim(options: ClaimOptions, id: string): Promise<Claim> {
  return await transaction(options.database, async tx => {
    const held = await lock(tx, id)
    if (!held) return { kind: 'unknown' }
    if (isTerminal(held.status)) return { kind: 'nothing-to-do' }
    const wait = Math.max(held.leaseLeft ?? 0, held.dueIn ?? 0)
    if (wait > 0) return { kind: 'not-now', seconds: wait }
    return (await heldUp(tx, options, id, held)) ?? (await take(tx, options, id, held))
  })
}

/** Locked first and read by a statement of its own: one that has waited for the lock still sees what was before. */
async function lock(tx: Transaction, id: string): Promise<Held | undefined> {
  await tx`select from generation_jobs where generation_id = ${id} for update`
  const [held] = await tx<Held[]>`
    select j.attempt, j.failures, j.lease_owner as owner, g.status, g.provider,
           extract(epoch from j.lease_until - clock_timestamp())::float as "leaseLeft",
           extract(epoch from j.next_check_at - clock_timestamp())::float as "dueIn"
    from generation_jobs j join generations g on g.id = j.generation_id where j.generation_id = ${id}`
  return held
}

/** What its lane is paused for waits, and says so; what only has to be stored does not need the provider. */
async function heldUp(tx: Transaction, options: ClaimOptions, id: string, held: Held): Promise<Claim | undefined> {
  if (held.status === 'uploading') return undefined
  const lane = await passLane(tx, held.provider, options.leaseSeconds)
  if (lane.kind === 'open') return undefined
  await setWaiting(tx, id, { reason: lane.reason, seconds: lane.pause })
  return { kind: 'not-now', seconds: lane.pause }
}

async function take(tx: Transaction, options: ClaimOptions, id: string, held: Held): Promise<Claim> {
  const attempt = held.attempt + 1
  const died = held.leaseLeft !== null && held.owner !== null
  const failures = held.failures + Number(died)
  await tx`
    update generation_jobs set attempt = ${attempt}, failures = ${failures}, lease_owner = ${options.owner},
      lease_until = clock_timestamp() + make_interval(secs => ${options.leaseSeconds}), next_check_at = null, stage = null
    where generation_id = ${id}`
  if (held.status === 'queued') await move(tx, { id, to: 'processing', attempt })
  else if (held.leaseLeft !== null) await move(tx, { id, to: held.status, attempt, detail: died ? DIED : LET_GO })
  const job = await readJob(tx, id)
  if (!job) return { kind: 'unknown' }
  if (failures <= options.maxFailures) return { kind: 'claimed', job }
  await finish(tx, job, GAVE_UP)
  return { kind: 'nothing-to-do' }
}
