import { sumUpNextDay } from '@darkroom/infra/connections/cost-sums'
import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import type { Log } from '@darkroom/infra/log'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'

export interface SumCostsDeps {
  database: Database
  log: Log
  /** Aborted when the process is to stop. */
  signal: AbortSignal
}

const POLL_MS = 3_600_000

/** Sums up the calls of days that are over, until the signal is aborted. Any number of processes may do so. */
export async function runCostSums({ database, log, signal }: SumCostsDeps): Promise<void> {
  const options = { name: 'sum_costs', policy: RETRY_POLICIES.maintenance, idleMs: POLL_MS, log, signal }
  await runForever(options, async () => ((await transaction(database, sumUpNextDay)) ? 'busy' : 'idle'))
}
