import { waitUntil } from '../../local/process/wait-until.ts'
import type { Database } from '../../src/database/connection.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { reserveWithoutTimeout } from '../kit/listing-rows.ts'

/** Number of connections; half of them have a budget. */
export const CONNECTIONS = 8
const MODELS = 24
/** Days that are not summed up: today, and for an hour yesterday. */
const LIVE_DAYS = 2
const SUM_TIMEOUT_MS = 120_000
const WRITES = 100
const WRITE_TURNS = 5

export interface CallRows {
  count: number
  /** Days (UTC) over which the calls are spread evenly. The last one is today, to its end, so that the hour of the day does not count. */
  days: number
}

/** Inserts connections, half of them with a budget. */
export async function insertConnections(database: Database): Promise<void> {
  await database`
    insert into connections (id, kind, name, base_url, source, budget_micros)
    select 'c' || i, 'openai-compatible', 'Connection ' || i, 'http://127.0.0.1:' || i, 'stored',
      case when i % 2 = 0 then 50000000 end
    from generate_series(1, ${CONNECTIONS}::int) i`
}

/**
 * Replaces the calls of the studio by those of a busy one: two of three report their cost, a few failed, are unknown, or have no price. The
 * table is vacuumed and analyzed, as autovacuum does in time.
 */
export async function replaceCalls(database: Database, { count, days }: CallRows): Promise<void> {
  await using reserved = await reserveWithoutTimeout(database)
  const { sql } = reserved
  await sql`truncate call_costs, cost_days, cost_sums`
  await sql`
      insert into call_costs (generation_id, call, attempt, workspace_id, connection, model, kind, count, estimated_micros,
                              reported_micros, made_at, ended_at, outcome, outputs, trace, usage)
      select uuidv7(at - now()), 0, 1, ${LOCAL_OWNER.workspaceId}, 'c' || c, 'c' || c || '/model-' || m,
        case when m % 8 = 7 then 'video' else 'image' end, 1, case when m % 12 > 0 then 40000 + m end,
        case when i % 3 > 0 and i % 50 > 0 then 39000 + i % 1000 end, at, at + interval '9 seconds',
        case when i % 50 = 0 then 'unknown' when i % 31 = 0 then 'failed' when i % 37 = 0 then 'not-billed' else 'finished' end,
        case when i % 50 = 0 or i % 31 = 0 or i % 37 = 0 then 0 else 1 end, 'req_' || md5(i::text), '{"total_tokens": 4242}'
      from (
        select i, m, 1 + m % ${CONNECTIONS}::int as c, date_trunc('day', now(), 'UTC') + interval '1 day' - make_interval(secs => 86400.0 * ${days}::int * (i - 0.5) / ${count}::int) as at
        from generate_series(1, ${count}::int) i, abs(hashtext('model' || i) % ${MODELS}::int) m
      ) calls`
  await sql`vacuum analyze call_costs, cost_days, cost_sums, generations, generation_jobs, generation_outputs, provider_calls`
  await sql`checkpoint`
}

/** Waits until a processor has summed up the days that are over, and vacuums their sums. */
export async function waitUntilSummed(database: Database, days: number): Promise<void> {
  const areSummed = async () => {
    const [row] = await database<{ days: number }[]>`select count(*)::int as days from cost_days`
    return (row?.days ?? 0) >= days - LIVE_DAYS ? true : undefined
  }
  const options = { milliseconds: SUM_TIMEOUT_MS, signal: new AbortController().signal }
  await waitUntil(areSummed, { ...options, what: 'the sums of the days that are over' })
  await database`vacuum analyze cost_days, cost_sums`
}

/** Measures the end of a call of today, with the trigger that removes the sums of a day and without. */
export async function measureCallWrites(database: Database): Promise<Record<string, number[]>> {
  const [last] = await database<{ id: string }[]>`
    select generation_id as id from call_costs order by made_at desc limit 1`
  const endCall = async (into: number[]) => {
    const startedAt = performance.now()
    await database`
      update call_costs set outcome = outcome where generation_id = ${last?.id ?? ''}`
    into.push(performance.now() - startedAt)
  }
  const writes: Record<string, number[]> = { 'with the trigger': [], without: [] }
  for (let turn = 0; turn < WRITE_TURNS; turn++)
    for (const [name, into] of Object.entries(writes)) {
      if (name === 'without') await database`alter table call_costs disable trigger reopen_cost_day`
      else await database`alter table call_costs enable trigger reopen_cost_day`
      for (let write = 0; write < WRITES / WRITE_TURNS; write++) await endCall(into)
    }
  await database`alter table call_costs enable trigger reopen_cost_day`
  return writes
}
