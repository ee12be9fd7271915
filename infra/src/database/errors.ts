import { DeadlineError } from '../runtime/timers.ts'

/** How the driver, and the system below it, say that there is nobody at the other end. */
const CONNECTION_ERROR_CODES = [
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
]

/**
 * A connection that broke (08), too little of something (53), somebody who was faster (40), a lock or a statement that took too
 * long (55P03, 57014, 25P03), a server that stops or starts (57P).
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const TRANSIENT_SQLSTATE = /^(08|53|40)[0-9A-Z]{3}$|^(55P03|57014|25P03|57P[0-9A-Z]{2})$/

/** Whether an error says that the database cannot do it now, and may in a moment. Whether it was done is not known then. */
export function isTransientDbError(error: unknown): boolean {
  if (error instanceof DeadlineError) return true
  if (!(error instanceof Error) || !('code' in error)) return false
  const code = String(error.code)
  return CONNECTION_ERROR_CODES.includes(code) || TRANSIENT_SQLSTATE.test(code)
}
