import type { Log } from '../log.ts'
import { DeadlineError, withDeadline } from '../runtime/timers.ts'
import { type Database, isPooled } from './connection.ts'

/** Time in which a pooler serves as many clients as a pool has connections, in ms. */
const CAPACITY_MS = 4_000

const TOO_FEW =
  'A pooler in session mode needs a connection to the database for each connection of every service. Use transaction mode, give the pooler more, or lower DATABASE_CONNECTIONS.'

/**
 * Uses every connection of a pool at once, if there is a pooler, and logs when some get no answer. Without this, requests would wait for
 * connections until they fail, and nothing would say why. Never throws.
 *
 * @param options `connections`: the size of the pool
 */
export async function checkPoolerCapacity(
  database: Database,
  options: { connections: number; log: Log; milliseconds?: number },
): Promise<void> {
  const { connections, log, milliseconds = CAPACITY_MS } = options
  if (!isPooled(database)) return
  let answered = 0
  const use = async () => {
    // Long enough that each statement needs a connection of its own.
    await database`select pg_sleep(0.05)`
    answered += 1
  }
  const all = Promise.all(Array.from({ length: connections }, use))
  await withDeadline(all, { milliseconds, operation: 'the use of every connection' }).catch(err => {
    if (err instanceof DeadlineError)
      log.warn({ connections, answered, reason: TOO_FEW }, 'pooler_has_too_few_connections')
  })
}
