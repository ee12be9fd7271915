import { S3ServiceException } from '@aws-sdk/client-s3'
import { readErrorCode } from '../../runtime/error-code.ts'
import { StoreError } from '../store.ts'

const NOT_FOUND_CODES: readonly string[] = ['NoSuchKey', 'NotFound']
const RETRYABLE_STATUSES: readonly number[] = [408, 429, 500, 502, 503, 504]
/** Codes of 400 and 403 responses that concern a single request, which was damaged or late. */
const RETRYABLE_CODES: readonly string[] = [
  'BadDigest',
  'IncompleteBody',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'XAmzContentSHA256Mismatch',
]

/** Returns whether another try may succeed. */
export function isRetryable(error: unknown): boolean {
  // No response of the server: a network error, or a time limit of our own.
  if (!(error instanceof S3ServiceException)) return true
  const status = error.$metadata.httpStatusCode ?? 0
  return RETRYABLE_STATUSES.includes(status) || RETRYABLE_CODES.includes(error.name)
}

/** Wraps any error in a StoreError, whose message has no key, address or signature. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  return new StoreError(formatError(error), { cause: error })
}

/** Returns whether the object does not exist. */
export function isNotFound(error: unknown): boolean {
  return hasCode(error, NOT_FOUND_CODES)
}

/** Returns whether the server no longer knows the multipart upload. */
export function isUploadNotFound(error: unknown): boolean {
  return hasCode(error, ['NoSuchUpload'])
}

/** Returns whether the server does not have the operation. */
export function isNotImplemented(error: unknown): boolean {
  return hasCode(error, ['NotImplemented', 'MethodNotAllowed'])
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  const { cause } = error instanceof StoreError ? error : { cause: error }
  return cause instanceof S3ServiceException && codes.includes(cause.name)
}

function formatError(error: unknown): string {
  if (error instanceof S3ServiceException) {
    return `the object store answered ${error.$metadata.httpStatusCode ?? 'something else'} ${error.name}`
  }
  const code = readErrorCode(error)
  return `the object store cannot be reached${code === undefined ? '' : ` (${code})`}`
}
