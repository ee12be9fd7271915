import { isRefusal, SafeGetError } from '@darkroom/infra/http/safe-get/safe-get-error'
import { DecoderKilledError } from '@darkroom/infra/images/decoder/decoder-error'
import { MediaError } from '@darkroom/infra/images/media-error'

/**
 * Classes of failures to store an output: `retryable` may succeed in a moment, `store` once our own store works again, `gone`
 * never, because the provider no longer has it, `refused` never, because the studio does not fetch it, and `unusable` never, because it
 * is not media that the studio stores.
 */
export type StoreOutputFailure = 'retryable' | 'store' | 'gone' | 'refused' | 'unusable'

/** An output could not be stored. */
export class StoreOutputError extends Error {
  override readonly name = 'StoreOutputError'
  readonly failure: StoreOutputFailure

  constructor(failure: StoreOutputFailure, options: ErrorOptions) {
    super(`an output was not stored: ${failure}`, options)
    this.failure = failure
  }
}

/** Classifies any error of storing an output. */
export function toStoreOutputError(cause: unknown): StoreOutputError {
  return new StoreOutputError(classifyFailure(cause), { cause })
}

/** HTTP statuses by which a provider refuses a URL that it gave before. */
const GONE_STATUSES = [401, 403, 404, 410]
function classifyFailure(cause: unknown): StoreOutputFailure {
  if (isTooSlow(cause)) return 'store'
  if (cause instanceof MediaError) return cause.reason === 'damaged' ? 'retryable' : 'unusable'
  if (!(cause instanceof SafeGetError)) return 'store'
  if (cause.code === 'too-large') return 'unusable'
  if (isRefusal(cause)) return 'refused'
  return GONE_STATUSES.includes(cause.status ?? 0) ? 'gone' : 'retryable'
}

/** Returns whether the decoder ended before an image was decoded: this machine may have been busy, and the image may be whole. */
export function isTooSlow(error: unknown): boolean {
  const cause = error instanceof StoreOutputError ? error.cause : error
  return cause instanceof MediaError && cause.cause instanceof DecoderKilledError && cause.cause.reason !== 'memory'
}
