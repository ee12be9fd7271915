import type { ConnectionState } from '@darkroom/contracts/connection'
import { FAILURES } from '@darkroom/contracts/failures'
import type { WAITING_REASONS } from '@darkroom/contracts/generation'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import type { Log } from '@darkroom/infra/log'
import { toStateChange } from '../connections/connection-state.ts'
import { closeBreaker, recordConnectionAnswer, setConnectionState } from '../connections/connection-state-rows.ts'
import type { ProviderError } from '../providers/adapter.ts'

/** The circuit breaker of one connection, shared by all processors. */
export interface CircuitBreaker {
  /** Records the outcome of a call: null for an answer, which closes the breaker. Three failures in a row open it. Never throws. */
  record(failure: ProviderError | null): Promise<void>
}

/** Closed lets every job through, open none, and half-open this one job, as a probe. */
export type BreakerState =
  | { kind: 'closed' }
  | { kind: 'half-open' }
  | {
      kind: 'open'
      reason: Extract<(typeof WAITING_REASONS)[number], 'provider-down' | 'rate-limited' | 'key-refused' | 'no-credit'>
      /** Seconds until it is worth checking again. */
      remainingSeconds: number
      /** Whether that time means something to users: nobody knows when a key is replaced. */
      isKnown: boolean
    }

/** Consecutive failures that open the breaker. */
const FAILURE_THRESHOLD = 3
/** Cool-down after the failure that opens the breaker; it doubles with each failed probe. */
const COOL_DOWN_SECONDS = 10
const MAX_COOL_DOWN_SECONDS = 60
/** Longest pause that a provider can name: a daily quota is the longest that there is. */
const MAX_PAUSE_SECONDS = 86_400
/** Time after which a job looks again whether a user has repaired the connection. */
export const REPAIR_POLL_SECONDS = 10

export function createCircuitBreaker(database: Database, connection: string, log: Log): CircuitBreaker {
  // The answer of a provider is in hand: a breaker that cannot be written must not drop it.
  const onError = (err: unknown) => log.warn({ err, connection }, 'circuit_breaker_not_recorded')
  return { record: async failure => await recordOutcome(database, connection, failure).catch(onError) }
}

async function recordOutcome(database: Database, connection: string, failure: ProviderError | null): Promise<void> {
  if (failure === null) return await recordAnswer(database, connection)
  const { breaker } = FAILURES[failure.code]
  if (breaker === 'check') return await recordState(database, connection, failure)
  if (breaker === 'pause') return await pauseConnection(database, connection, failure)
  if (isProviderFault(failure) && (await countFailure(database, connection)))
    await recordState(database, connection, failure)
}

async function recordAnswer(database: Database, connection: string): Promise<void> {
  await closeBreaker(database, connection)
  await recordConnectionAnswer(database, connection)
}

async function pauseConnection(database: Database, connection: string, failure: ProviderError): Promise<void> {
  const seconds = failure.retryAfterSeconds ?? 0
  await openBreaker(database, connection, seconds)
  if (seconds > 0) await recordState(database, connection, failure)
}

/** Writes the state of the connection that a failure amounts to. Its error is for the page of the connections. */
async function recordState(database: Database, connection: string, failure: ProviderError): Promise<void> {
  await transaction(database, tx => setConnectionState(tx, connection, toStateChange(failure)))
}

/**
 * Checks a connection's circuit breaker before a job is claimed. After the cool-down one job at a time is let through as a
 * probe (half-open), and the others wait on. A pause that the provider named itself ends without a probe.
 *
 * @param probeSeconds time after which another probe is let through if this one has not reported
 */
export async function checkBreaker(tx: Transaction, connection: string, probeSeconds: number): Promise<BreakerState> {
  const reasonForUser = await findUserAction(tx, connection)
  if (reasonForUser)
    return { kind: 'open', reason: reasonForUser, remainingSeconds: REPAIR_POLL_SECONDS, isKnown: false }
  const [row] = await tx<{ failures: number; remaining: number | null }[]>`
    select failures, extract(epoch from paused_until - clock_timestamp())::float as remaining
    from provider_lanes where provider = ${connection}`
  if (!row || row.remaining === null) return { kind: 'closed' }
  const reason = row.failures >= FAILURE_THRESHOLD ? 'provider-down' : 'rate-limited'
  if (row.remaining > 0) return { kind: 'open', reason, remainingSeconds: row.remaining, isKnown: true }
  if (reason === 'rate-limited') return { kind: 'closed' }
  if (await acquireProbe(tx, connection, probeSeconds)) return { kind: 'half-open' }
  return { kind: 'open', reason, remainingSeconds: probeSeconds, isKnown: true }
}

/** Returns the reason why jobs of a connection wait until a user has repaired it; undefined if they do not. */
async function findUserAction(tx: Transaction, connection: string): Promise<'key-refused' | 'no-credit' | undefined> {
  const [row] = await tx<{ kind: ConnectionState['kind'] }[]>`
    select state ->> 'kind' as kind from connections where id = ${connection}`
  if (row?.kind === 'wrong-key') return 'key-refused'
  return row?.kind === 'no-credit' ? 'no-credit' : undefined
}

/** Returns false if another job is the probe: its update has moved `paused_until` on. */
async function acquireProbe(tx: Transaction, connection: string, probeSeconds: number): Promise<boolean> {
  const { count } = await tx`
    update provider_lanes set paused_until = clock_timestamp() + make_interval(secs => ${probeSeconds})
    where provider = ${connection} and paused_until < clock_timestamp()`
  return count === 1
}

/** Returns whether a failure counts against the provider. A refusal is an answer; a timeout, a server error and nonsense are not. */
function isProviderFault({ failure, code }: ProviderError): boolean {
  return failure !== 'permanent' && FAILURES[code].breaker === 'count'
}

async function openBreaker(database: Database, connection: string, seconds: number): Promise<void> {
  await database`
    insert into provider_lanes (provider, paused_until)
    values (${connection}, clock_timestamp() + make_interval(secs => ${Math.min(seconds, MAX_PAUSE_SECONDS)}))
    on conflict (provider) do update set paused_until = greatest(provider_lanes.paused_until, excluded.paused_until)`
}

/** @returns whether the breaker is open by it */
async function countFailure(database: Database, connection: string): Promise<boolean> {
  const [row] = await database<{ failures: number }[]>`
    insert into provider_lanes (provider, failures) values (${connection}, 1)
    on conflict (provider) do update set
      failures = provider_lanes.failures + 1,
      paused_until = case when provider_lanes.failures + 1 >= ${FAILURE_THRESHOLD} then clock_timestamp() + make_interval(secs =>
        least(${MAX_COOL_DOWN_SECONDS}::float, ${COOL_DOWN_SECONDS} * 2 ^ least(10, provider_lanes.failures + 1 - ${FAILURE_THRESHOLD})))
      end
    returning failures`
  return (row?.failures ?? 0) >= FAILURE_THRESHOLD
}
