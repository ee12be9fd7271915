import { S3ServiceException } from '@aws-sdk/client-s3'
import { StoreError } from '../store.ts'

const NOT_FOUND_CODES: readonly string[] = ['NoSuchKey', 'NotFound']
const RETRYABLE_STATUSES: readonly number[] = [408, 429, 500, 502, 503, 504]
/** What is answered 400 or 403 and is about this one request, which was damaged or late. */
const RETRYABLE_CODES: readonly string[] = [
  'BadDigest',
  'IncompleteBody',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'XAmzContentSHA256Mismatch',
]

export function isRetryable(error: unknown): boolean {
  // What is no answer is the network's fault, or comes of our own deadline.
  if (!(error instanceof S3ServiceException)) return true
  const status = error.$metadata.httpStatusCode ?? 0
  return RETRYABLE_STATUSES.includes(status) || RETRYABLE_CODES.includes(error.name)
}

/** What failed, in words that carry no key, address or signature. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  return new StoreError(formatError(error), { cause: error })
}

/** Whether the failure is that there is no such object. */
export function isNotFound(error: unknown): boolean {
  return hasCode(error, NOT_FOUND_CODES)
}

/** Whether the server no longer knows the upload in parts that was meant. */
export function isUploadNotFound(error: unknown): boolean {
  return hasCode(error, ['NoSuchUpload'])
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  const { cause } = error instanceof StoreError ? error : { cause: error }
  return cause instanceof S3ServiceException && codes.includes(cause.name)
}

function formatError(error: unknown): string {
  if (error instanceof S3ServiceException) {
    return `the object store answered ${error.$metadata.httpStatusCode ?? 'something else'} ${error.name}`
  }
  const code = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
  return `the object store cannot be reached${code}`
}
