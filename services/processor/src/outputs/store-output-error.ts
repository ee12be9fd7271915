import { SafeGetError } from '@darkroom/infra/http/safe-get/safe-get'
import { MediaError } from '@darkroom/infra/images/media-error'

/**
 * What can be done about an output that was not kept: `retryable` may be had in a moment, `store` once our own store works
 * again, `gone` never, as the provider no longer has it, and `unusable` never, as it is nothing that we keep.
 */
export type StoreOutputFailure = 'retryable' | 'store' | 'gone' | 'unusable'

/** Why an output was not kept. */
export class StoreOutputError extends Error {
  override readonly name = 'StoreOutputError'
  readonly failure: StoreOutputFailure

  constructor(failure: StoreOutputFailure, options: ErrorOptions) {
    super(`an output was not stored: ${failure}`, options)
    this.failure = failure
  }
}

/** Says of whatever went wrong what can be done about it. */
export function toStoreOutputError(cause: unknown): StoreOutputError {
  return new StoreOutputError(classifyFailure(cause), { cause })
}

const GONE_STATUSES = [401, 403, 404, 410]
const UNUSABLE_CODES: readonly SafeGetError['code'][] = [
  'bad-url',
  'bad-scheme',
  'bad-port',
  'userinfo',
  'blocked-address',
  'too-many-redirects',
  'too-large',
]

function classifyFailure(cause: unknown): StoreOutputFailure {
  if (cause instanceof MediaError) return cause.reason === 'damaged' ? 'retryable' : 'unusable'
  if (!(cause instanceof SafeGetError)) return 'store'
  if (UNUSABLE_CODES.includes(cause.code)) return 'unusable'
  return GONE_STATUSES.includes(cause.status ?? 0) ? 'gone' : 'retryable'
}
