import type { Log } from '../log.ts'

/** A failure to reach the database is logged once, and then about once a minute. */
const LOG_EVERY = 240

/** Returns what logs that a database is waited for, and why: for `onRetry` of the policy `databaseStart`. */
export function createUnreachableLog({
  url,
  log,
}: {
  url: string
  log: Log
}): (err: unknown, failures: number) => void {
  const { hostname: host, port } = new URL(url)
  return (err, failures) => {
    if (failures % LOG_EVERY === 1) log.warn({ err, host, ...(port ? { port } : {}) }, 'database_unreachable')
  }
}
