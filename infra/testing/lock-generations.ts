import type { Database } from '../src/database/connection.ts'

/** A lock that is released once. */
export interface TableLock extends AsyncDisposable {
  release(): Promise<void>
}

/** Locks the table `generations` for every other connection until it is released. @throws PostgresError if others hold it for too long */
export async function lockGenerations(sql: Database): Promise<TableLock> {
  const [locked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const locking = sql.begin(async tx => {
    await tx`set local idle_in_transaction_session_timeout = 0`
    await tx`lock table generations in access exclusive mode`
    locked.resolve()
    await released.promise
  })
  await Promise.race([locked.promise, locking])
  const release = async () => {
    released.resolve()
    await locking
  }
  return { release, [Symbol.asyncDispose]: release }
}
