import { ValidationError } from 'elysia'
import { isTransientDbError } from '../database/errors.ts'
import { readErrorCode } from '../runtime/error-code.ts'
import { ProblemError } from './problem.ts'

const DATABASE_UNAVAILABLE = 'The studio cannot get at its database right now. Try again in a moment.'
const INTERNAL = 'This is our fault. Trying again may help; the request id helps to find out why.'
const MAX_PATH_LENGTH = 100

/** Maps any error to a ProblemError. Unexpected errors become `internal`; their details go to the log only. */
export function toProblemError(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  if (error instanceof ValidationError) return createValidationError(error)
  if (error instanceof Error && readErrorCode(error) === 'PARSE')
    return error.cause instanceof ProblemError ? error.cause : createMalformedError(error)
  if (readErrorCode(error) === 'NOT_FOUND') return new ProblemError('not_found', 'There is nothing at this address.')
  if (isTransientDbError(error))
    return new ProblemError('unavailable', DATABASE_UNAVAILABLE, { cause: error, retryAfterSeconds: 1 })
  return new ProblemError('internal', INTERNAL, { cause: error })
}

function createValidationError(error: ValidationError): ProblemError {
  const errors = error.all.map(issue => {
    const { path, message } = issue as { path?: unknown; message?: string }
    return { path: formatPath(path), message: message ?? 'is not valid' }
  })
  const [first] = errors
  const detail = `${first?.path || `The ${error.type}`} ${first?.message ?? 'is not valid'}.`
  return new ProblemError('invalid', detail, { errors, cause: error })
}

function formatPath(path: unknown): string {
  // Elysia's name for the body itself, which is no field that people know.
  if (path === 'root') return ''
  const text = Array.isArray(path) ? path.join('.') : String(path ?? '')
  return text.length <= MAX_PATH_LENGTH ? text : `${text.slice(0, MAX_PATH_LENGTH).toWellFormed()}…`
}

function createMalformedError(cause: unknown): ProblemError {
  return new ProblemError('malformed', 'The request could not be read.', { cause })
}
