import { SafeGetError } from '@darkroom/infra/http/safe-get/safe-get'
import { PictureError } from '@darkroom/infra/images/image'
import { MediaError } from '@darkroom/infra/images/media-error'

/**
 * What can be done about an output that was not kept: `retryable` may be had in a moment, `store` once our own store works
 * again, `gone` never, as the provider no longer has it, and `unfit` never, as it is nothing that we keep.
 */
export type KeepFailure = 'retryable' | 'store' | 'gone' | 'unfit'

/** Why an output was not kept. */
export class KeepError extends Error {
  override readonly name = 'KeepError'
  readonly failure: KeepFailure

  constructor(failure: KeepFailure, options: ErrorOptions) {
    super(`an output was not kept: ${failure}`, options)
    this.failure = failure
  }
}

/** Says of whatever went wrong what can be done about it. */
export function explainKeep(cause: unknown): KeepError {
  return new KeepError(failureOf(cause), { cause })
}

const GONE = [401, 403, 404, 410]
const UNFIT: readonly SafeGetError['code'][] = [
  'bad-url',
  'bad-scheme',
  'bad-port',
  'userinfo',
  'blocked-address',
  'too-many-redirects',
  'too-large',
]

function failureOf(cause: unknown): KeepFailure {
  if (cause instanceof PictureError || cause instanceof MediaError)
    return cause.fault === 'damaged' ? 'retryable' : 'unfit'
  if (!(cause instanceof SafeGetError)) return 'store'
  if (UNFIT.includes(cause.code)) return 'unfit'
  return GONE.includes(cause.status ?? 0) ? 'gone' : 'retryable'
}
