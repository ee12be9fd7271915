import type { Database } from '../src/database/connection.ts'

/** Locks the table `generations` for every other connection. @returns a function that releases the lock */
export async function lockGenerations(sql: Database): Promise<() => Promise<void>> {
  const [locked, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const locking = sql.begin(async tx => {
    await tx`set local idle_in_transaction_session_timeout = 0`
    await tx`lock table generations in access exclusive mode`
    locked.resolve()
    await release.promise
  })
  await locked.promise
  return async () => {
    release.resolve()
    await locking
  }
}
