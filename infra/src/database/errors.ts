import { readErrorCode } from '../runtime/error-code.ts'
import { DeadlineError } from '../runtime/timers.ts'
import { DatabaseSilentError } from './silence-guard.ts'

/** Error codes of the driver and the operating system for a lost, refused or silent connection, and for a refused commit. */
const DRIVER_ERROR_CODES = [
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'QUERY_TIMEOUT',
  'TRANSACTION_ROLLED_BACK',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
]

/**
 * Connection exception (08), insufficient resources (53), serialization failure or deadlock (40), lock, statement or idle transaction
 * timeout (55P03, 57014, 25P03), server shutting down or starting (57P).
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const TRANSIENT_SQLSTATE = /^(08|53|40)[0-9A-Z]{3}$|^(55P03|57014|25P03|57P[0-9A-Z]{2})$/

/** Returns whether an error is transient: another try may succeed. It is unknown whether the statement took effect. */
export function isTransientDbError(error: unknown): boolean {
  if (error instanceof DeadlineError || error instanceof DatabaseSilentError) return true
  const code = readErrorCode(error)
  if (code === undefined) return false
  return DRIVER_ERROR_CODES.includes(code) || TRANSIENT_SQLSTATE.test(code)
}

/** Classes 22 and 23: a value that its type does not take, and one that a constraint of its table rejects. */
const DATA_SQLSTATE = /^2[23][0-9A-Z]{3}$/

/** Returns whether the database rejected the values of a statement: it rejects them again, and takes others. */
export function isDataError(error: unknown): boolean {
  return DATA_SQLSTATE.test(readErrorCode(error) ?? '')
}
