import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { hasTimelineWork, sumUpTimelineDays } from '@darkroom/infra/generations/timeline-sums'
import type { Log } from '@darkroom/infra/log'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import { sleep } from '@darkroom/infra/runtime/timers'

export interface SumTimelineDeps {
  database: Database
  log: Log
  /** Aborted when the process is to stop. */
  signal: AbortSignal
}

const POLL_MS = 600_000
/** Pause after changed days: an import changes the same ones again and again, and waits while they are summed up. */
const CHANGED_PAUSE_MS = 10_000

/** Sums up the generations of days that are over, until the signal is aborted. Any number of processes may do so. */
export async function runTimelineSums({ database, log, signal }: SumTimelineDeps): Promise<void> {
  const options = { name: 'sum_timeline', policy: RETRY_POLICIES.maintenance, idleMs: POLL_MS, log, signal }
  await runForever(options, async () => {
    if (!(await hasTimelineWork(database))) return 'idle'
    const days = await transaction(database, sumUpTimelineDays)
    if (days === 'changed' || days === 'locked') await sleep(CHANGED_PAUSE_MS, signal)
    return days === null ? 'idle' : 'busy'
  })
}
