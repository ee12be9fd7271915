import { FAILURES } from '@darkroom/contracts/failures'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import type { ProviderError } from '../providers/provider.ts'

/** How a provider answers, all processors together. */
export interface CircuitBreaker {
  /** Notes an answer, or the failure that came instead. After three failures in a row the lane is paused. */
  record(failure: ProviderError | null): Promise<void>
}

/** Whether a lane may be used now. `pause` is in seconds. */
export type BreakerState =
  | { kind: 'closed' }
  | { kind: 'open'; reason: 'provider-down' | 'rate-limited'; pauseSeconds: number }

const FAILURE_THRESHOLD = 3
const COOL_DOWN_SECONDS = 10
const MAX_COOL_DOWN_SECONDS = 60

/** The health of one provider's lane. */
export function createCircuitBreaker(database: Database, provider: string): CircuitBreaker {
  return {
    record: async failure => {
      if (failure === null) return await recordSuccess(database, provider)
      if (FAILURES[failure.code].breaker === 'pause')
        return await recordPause(database, provider, failure.retryAfterSeconds ?? 0)
      if (isProviderFault(failure)) await recordFailure(database, provider)
    },
  }
}

/**
 * Whether a generation may be taken up on a provider's lane. After the pause of a lane whose provider kept failing, one at a
 * time is let through, to see; the others wait on.
 *
 * @param probeSeconds until another may try, if nothing is heard of this one
 */
export async function checkBreaker(tx: Transaction, provider: string, probeSeconds: number): Promise<BreakerState> {
  const [row] = await tx<{ failures: number; pause: number | null }[]>`
    select failures, extract(epoch from paused_until - clock_timestamp())::float as pause
    from provider_lanes where provider = ${provider}`
  if (!row || row.pause === null) return { kind: 'closed' }
  const reason = row.failures >= FAILURE_THRESHOLD ? 'provider-down' : 'rate-limited'
  if (row.pause > 0) return { kind: 'open', reason, pauseSeconds: row.pause }
  if (reason === 'rate-limited') return { kind: 'closed' }
  const { count } = await tx`
    update provider_lanes set paused_until = clock_timestamp() + make_interval(secs => ${probeSeconds})
    where provider = ${provider} and paused_until < clock_timestamp()`
  return count === 1 ? { kind: 'closed' } : { kind: 'open', reason, pauseSeconds: probeSeconds }
}

/** A refusal is an answer; silence, a fault of the server and nonsense are not. */
function isProviderFault({ failure, code }: ProviderError): boolean {
  return failure !== 'permanent' && FAILURES[code].breaker === 'count'
}

async function recordSuccess(database: Database, provider: string): Promise<void> {
  await database`
    update provider_lanes set failures = 0, paused_until = null
    where provider = ${provider} and (failures > 0 or paused_until is not null)`
}

async function recordPause(database: Database, provider: string, seconds: number): Promise<void> {
  await database`
    insert into provider_lanes (provider, paused_until)
    values (${provider}, clock_timestamp() + make_interval(secs => ${Math.min(seconds, MAX_COOL_DOWN_SECONDS)}))
    on conflict (provider) do update set paused_until = greatest(provider_lanes.paused_until, excluded.paused_until)`
}

async function recordFailure(database: Database, provider: string): Promise<void> {
  await database`
    insert into provider_lanes (provider, failures) values (${provider}, 1)
    on conflict (provider) do update set
      failures = provider_lanes.failures + 1,
      paused_until = case when provider_lanes.failures + 1 >= ${FAILURE_THRESHOLD} then clock_timestamp() + make_interval(secs =>
        least(${MAX_COOL_DOWN_SECONDS}::float, ${COOL_DOWN_SECONDS} * 2 ^ least(10, provider_lanes.failures + 1 - ${FAILURE_THRESHOLD})))
      end`
}
