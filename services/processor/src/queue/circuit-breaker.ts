import { FAILURES } from '@darkroom/contracts/failures'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import type { ProviderError } from '../providers/provider.ts'

/** How a provider answers, all processors together. */
export interface LaneHealth {
  /** Notes an answer, or the failure that came instead. After three failures in a row the lane is paused. */
  note(failure: ProviderError | null): Promise<void>
}

/** Whether a lane may be used now. `pause` is in seconds. */
export type LaneState = { kind: 'open' } | { kind: 'paused'; reason: 'provider-down' | 'rate-limited'; pause: number }

const FAILURE_THRESHOLD = 3
const PAUSE_SECONDS = 10
const LONGEST_PAUSE_SECONDS = 60

/** The health of one provider's lane. */
export function createLaneHealth(database: Database, provider: string): LaneHealth {
  return {
    note: async failure => {
      if (failure === null) return await noteAnswer(database, provider)
      if (FAILURES[failure.code].breaker === 'pause')
        return await notePause(database, provider, failure.retryAfterSeconds ?? 0)
      if (isProvidersFault(failure)) await noteFailure(database, provider)
    },
  }
}

/**
 * Whether a generation may be taken up on a provider's lane. After the pause of a lane whose provider kept failing, one at a
 * time is let through, to see; the others wait on.
 *
 * @param probeSeconds until another may try, if nothing is heard of this one
 */
export async function passLane(tx: Transaction, provider: string, probeSeconds: number): Promise<LaneState> {
  const [lane] = await tx<{ failures: number; pause: number | null }[]>`
    select failures, extract(epoch from paused_until - clock_timestamp())::float as pause
    from provider_lanes where provider = ${provider}`
  if (!lane || lane.pause === null) return { kind: 'open' }
  const reason = lane.failures >= FAILURE_THRESHOLD ? 'provider-down' : 'rate-limited'
  if (lane.pause > 0) return { kind: 'paused', reason, pause: lane.pause }
  if (reason === 'rate-limited') return { kind: 'open' }
  const { count } = await tx`
    update provider_lanes set paused_until = clock_timestamp() + make_interval(secs => ${probeSeconds})
    where provider = ${provider} and paused_until < clock_timestamp()`
  return count === 1 ? { kind: 'open' } : { kind: 'paused', reason, pause: probeSeconds }
}

/** A refusal is an answer; silence, a fault of the server and nonsense are not. */
function isProvidersFault({ failure, code }: ProviderError): boolean {
  return failure !== 'permanent' && FAILURES[code].breaker === 'count'
}

async function noteAnswer(database: Database, provider: string): Promise<void> {
  await database`
    update provider_lanes set failures = 0, paused_until = null
    where provider = ${provider} and (failures > 0 or paused_until is not null)`
}

async function notePause(database: Database, provider: string, seconds: number): Promise<void> {
  await database`
    insert into provider_lanes (provider, paused_until)
    values (${provider}, clock_timestamp() + make_interval(secs => ${Math.min(seconds, LONGEST_PAUSE_SECONDS)}))
    on conflict (provider) do update set paused_until = greatest(provider_lanes.paused_until, excluded.paused_until)`
}

async function noteFailure(database: Database, provider: string): Promise<void> {
  await database`
    insert into provider_lanes (provider, failures) values (${provider}, 1)
    on conflict (provider) do update set
      failures = provider_lanes.failures + 1,
      paused_until = case when provider_lanes.failures + 1 >= ${FAILURE_THRESHOLD} then clock_timestamp() + make_interval(secs =>
        least(${LONGEST_PAUSE_SECONDS}::float, ${PAUSE_SECONDS} * 2 ^ least(10, provider_lanes.failures + 1 - ${FAILURE_THRESHOLD})))
      end`
}
