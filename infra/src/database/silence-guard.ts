import type { Log } from '../log.ts'
import { DeadlineError, sleep, withDeadline } from '../runtime/timers.ts'
import { withConnection } from './with-connection.ts'

/** The error of work that waits for a database that does not answer at all. */
export class DatabaseSilentError extends Error {
  override readonly name = 'DatabaseSilentError'
}

/** Ends the wait for a database that does not answer. */
export interface SilenceGuard {
  /**
   * Waits for work. While that takes long, the database is asked for a sign of life, by a connection of its own.
   *
   * @throws the error of `work`; DatabaseSilentError when there is no sign, after at most 4 s. The work itself goes on
   */
  guard<T>(work: Promise<T>): Promise<T>
}

/** The connections that work waits for. */
export interface GuardedConnections {
  /** Returns whether any has received the answer to a statement since a time, in ms as of `performance.now()`. */
  hasReceivedSince(at: number): boolean
  /** Closes those that have received nothing for so long. */
  closeSilent(milliseconds: number): void
}

export interface SilenceGuardOptions {
  url: string
  connections: GuardedConnections
  log: Log
  /** Ends the watch of a silent database. */
  signal: AbortSignal
  slowMs?: number
  signMs?: number
  /** Asks for the sign; a new connection to `url` unless given. */
  ping?: () => Promise<unknown>
}

/** Time that any work may take before the database is asked, in ms. */
const SLOW_MS = 1_000
const SIGN_MS = 2_500
const LIMITS = { connect: SIGN_MS / 1_000, end: 0 }
/** Pause before a silent database is asked again, in ms. */
const WATCH_MS = 250

/**
 * Creates the guard of a process. Statements have time limits of their own, but those are as long as a statement may take: a network
 * that swallows packets is noticed sooner by something that is quick. From then on until the database answers again, connections that
 * receive nothing are closed, so that the first work afterwards does not wait for one that is dead.
 */
export function createSilenceGuard(options: SilenceGuardOptions): SilenceGuard {
  const { url, slowMs = SLOW_MS, signMs = SIGN_MS } = options
  const ping = options.ping ?? (() => pingOnce(url, signMs))
  let requesting: Promise<Sign> | undefined
  const request = () => {
    requesting ??= requestSign(ping, { signMs, connections: options.connections }).finally(() => {
      requesting = undefined
    })
    return requesting
  }
  let isWatched = false
  const watch = async () => {
    if (isWatched) return
    isWatched = true
    await watchSilentDatabase({ ...options, slowMs, request })
    isWatched = false
  }
  return {
    guard: async work => {
      for (;;) {
        if (await settlesWithin(work, slowMs)) return await work
        const sign = await Promise.race([request(), work.then(ignore, ignore)])
        if (sign !== 'silent') continue
        void watch()
        throw new DatabaseSilentError('the database does not answer')
      }
    },
  }
}

type Sign = 'alive' | 'silent'

const ignore = () => undefined

async function pingOnce(url: string, milliseconds: number): Promise<void> {
  const operation = 'a sign of the database'
  // The deadline is inside: a connection that goes silent once it is open is closed as well.
  await withConnection(url, sql => withDeadline(Promise.resolve(sql`select 1`), { milliseconds, operation }), LIMITS)
}

/** Asks for a sign of life. An error is one as well, whoever waits receives its own; so is whatever statement is answered meanwhile. */
async function requestSign(
  ping: () => Promise<unknown>,
  { signMs, connections }: Pick<SilenceGuardOptions, 'connections'> & { signMs: number },
): Promise<Sign> {
  const requestedAt = performance.now()
  const sign = await withDeadline(ping(), { milliseconds: signMs, operation: 'a sign of the database' }).then(
    () => 'alive' as const,
    error => (error instanceof DeadlineError || isConnectTimeout(error) ? 'silent' : 'alive'),
  )
  return connections.hasReceivedSince(requestedAt) ? 'alive' : sign
}

/** Closes silent connections until the database answers. A connection that was opened while it was silent may be dead as well. */
async function watchSilentDatabase(
  options: Pick<SilenceGuardOptions, 'connections' | 'log' | 'signal'> & {
    slowMs: number
    request: () => Promise<Sign>
  },
): Promise<void> {
  const { connections, log, signal, slowMs, request } = options
  log.warn('database_silent')
  const close = () => connections.closeSilent(slowMs)
  close()
  const timer = setInterval(close, slowMs / 2)
  do await sleep(WATCH_MS, signal)
  while (!signal.aborted && (await request()) === 'silent')
  clearInterval(timer)
  close()
  if (!signal.aborted) log.info('database_answers')
}

function isConnectTimeout(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'CONNECT_TIMEOUT'
}

async function settlesWithin(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), milliseconds)
  const settled = () => resolve(true)
  work.then(settled, settled)
  return await promise.finally(() => clearTimeout(timer))
}
