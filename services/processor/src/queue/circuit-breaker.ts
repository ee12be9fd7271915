import { FAILURES } from '@darkroom/contracts/failures'
import type { WAITING_REASONS } from '@darkroom/contracts/generation'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import type { ProviderError } from '../providers/provider.ts'

/** The circuit breaker of one provider, shared by all processors. */
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
      reason: Extract<(typeof WAITING_REASONS)[number], 'provider-down' | 'rate-limited'>
      /** Seconds until it is worth checking again. */
      remainingSeconds: number
    }

/** Consecutive failures that open the breaker. */
const FAILURE_THRESHOLD = 3
/** Cool-down after the failure that opens the breaker; it doubles with each failed probe. */
const COOL_DOWN_SECONDS = 10
const MAX_COOL_DOWN_SECONDS = 60

export function createCircuitBreaker(database: Database, provider: string, log: Log): CircuitBreaker {
  // The answer of a provider is in hand: a breaker that cannot be written must not drop it.
  const onError = (err: unknown) => log.warn({ err, provider }, 'circuit_breaker_not_recorded')
  return { record: async failure => await recordOutcome(database, provider, failure).catch(onError) }
}

async function recordOutcome(database: Database, provider: string, failure: ProviderError | null): Promise<void> {
  if (failure === null) return await closeBreaker(database, provider)
  if (FAILURES[failure.code].breaker === 'pause')
    return await openBreaker(database, provider, failure.retryAfterSeconds ?? 0)
  if (isProviderFault(failure)) await countFailure(database, provider)
}

/**
 * Checks a provider's circuit breaker before a job is claimed. After the cool-down one job at a time is let through as a
 * probe (half-open), and the others wait on. A pause that the provider named itself ends without a probe.
 *
 * @param probeSeconds time after which another probe is let through if this one has not reported
 */
export async function checkBreaker(tx: Transaction, provider: string, probeSeconds: number): Promise<BreakerState> {
  const [row] = await tx<{ failures: number; remaining: number | null }[]>`
    select failures, extract(epoch from paused_until - clock_timestamp())::float as remaining
    from provider_lanes where provider = ${provider}`
  if (!row || row.remaining === null) return { kind: 'closed' }
  const reason = row.failures >= FAILURE_THRESHOLD ? 'provider-down' : 'rate-limited'
  if (row.remaining > 0) return { kind: 'open', reason, remainingSeconds: row.remaining }
  if (reason === 'rate-limited') return { kind: 'closed' }
  if (await acquireProbe(tx, provider, probeSeconds)) return { kind: 'half-open' }
  return { kind: 'open', reason, remainingSeconds: probeSeconds }
}

/** Returns false if another job is the probe: its update has moved `paused_until` on. */
async function acquireProbe(tx: Transaction, provider: string, probeSeconds: number): Promise<boolean> {
  const { count } = await tx`
    update provider_lanes set paused_until = clock_timestamp() + make_interval(secs => ${probeSeconds})
    where provider = ${provider} and paused_until < clock_timestamp()`
  return count === 1
}

/** Returns whether a failure counts against the provider. A refusal is an answer; a timeout, a server error and nonsense are not. */
function isProviderFault({ failure, code }: ProviderError): boolean {
  return failure !== 'permanent' && FAILURES[code].breaker === 'count'
}

async function closeBreaker(database: Database, provider: string): Promise<void> {
  await database`
    update provider_lanes set failures = 0, paused_until = null
    where provider = ${provider} and (failures > 0 or paused_until is not null)`
}

async function openBreaker(database: Database, provider: string, seconds: number): Promise<void> {
  await database`
    insert into provider_lanes (provider, paused_until)
    values (${provider}, clock_timestamp() + make_interval(secs => ${Math.min(seconds, MAX_COOL_DOWN_SECONDS)}))
    on conflict (provider) do update set paused_until = greatest(provider_lanes.paused_until, excluded.paused_until)`
}

async function countFailure(database: Database, provider: string): Promise<void> {
  await database`
    insert into provider_lanes (provider, failures) values (${provider}, 1)
    on conflict (provider) do update set
      failures = provider_lanes.failures + 1,
      paused_until = case when provider_lanes.failures + 1 >= ${FAILURE_THRESHOLD} then clock_timestamp() + make_interval(secs =>
        least(${MAX_COOL_DOWN_SECONDS}::float, ${COOL_DOWN_SECONDS} * 2 ^ least(10, provider_lanes.failures + 1 - ${FAILURE_THRESHOLD})))
      end`
}
