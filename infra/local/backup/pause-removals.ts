import { openDatabase } from '../../src/database/connection.ts'
import { pauseRemovals, resumeRemovals } from '../../src/database/studio-state.ts'
import { createLog } from '../../src/log.ts'
import { retry } from '../../src/runtime/retry.ts'
import { RETRY_POLICIES } from '../../src/runtime/retry-policies.ts'
import { runForever } from '../../src/runtime/run-forever.ts'
import { hasTable } from './table-catalogue.ts'

const PAUSE_SECONDS = 180
const EXTEND_MS = 30_000
/** Longer than the time between two extensions: another backup that runs meanwhile keeps the pause by its next one. */
const RESUME_SECONDS = 60

/** Runs `work` while the studio removes no objects. The pause of a killed process ends by itself. */
export async function withRemovalsPaused<T>(url: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const log = createLog({ service: 'backup', level: 'silent' })
  await using stack = new AsyncDisposableStack()
  const database = openDatabase({ url, name: 'darkroom-backup', connections: 1, log })
  stack.defer(() => database.end({ timeout: 1 }))
  const policy = RETRY_POLICIES.backupDatabase
  // A database of an older version has no such pause: what it removes meanwhile is reported as missing.
  if (!(await retry(() => hasTable(database, 'studio'), { policy, signal }))) return await work()
  const ended = new AbortController()
  const extend = async () => {
    await pauseRemovals(database, PAUSE_SECONDS)
    return 'idle' as const
  }
  await retry(extend, { policy, signal })
  const loop = { name: 'pause_removals', policy: RETRY_POLICIES.maintenance, idleMs: EXTEND_MS, log }
  const extending = runForever({ ...loop, signal: ended.signal }, extend)
  try {
    return await work()
  } finally {
    ended.abort()
    await extending
    await resumeRemovals(database, RESUME_SECONDS).catch(() => {})
  }
}
