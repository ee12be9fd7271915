import { isIP } from 'node:net'
import { publicError } from '@darkroom/contracts/failures'
import type { PublicError } from '@darkroom/contracts/output'
import { isPublicAddress } from '@darkroom/infra/http/safe-get/public-address'
import { isRefusal, SafeGetError } from '@darkroom/infra/http/safe-get/safe-get-error'
import { MediaError } from '@darkroom/infra/images/media-error'
import { StoreOutputError } from '../outputs/store-output-error.ts'
import type { Rehost } from './rehost-rows.ts'

/** Refusals that a URL gets by its text alone. */
const URL_REFUSALS: readonly SafeGetError['code'][] = ['bad-url', 'bad-scheme', 'bad-port', 'userinfo']

/** Returns the error for users of an output that could not be rehosted: refused here, not to be had, or gone at its provider. */
export function describeFailure(error: unknown): PublicError {
  const cause = getCause(error)
  if (cause instanceof MediaError)
    return publicError('not_stored', `It could not be stored: the file ${cause.message}.`)
  if (!(cause instanceof SafeGetError)) return publicError('not_stored')
  if (isRefusal(cause))
    return publicError('fetch_refused', `The studio does not fetch it: ${lowercaseFirst(cause.message)}`)
  if (error instanceof StoreOutputError && error.failure === 'gone') return publicError('lost')
  return publicError('fetch_failed', `It could not be fetched, and is no longer tried: ${cause.message}`)
}

/** Returns the HTTP status by which a server refused; null if it did not respond. */
export function getHttpStatus(error: unknown): number | null {
  const cause = getCause(error)
  return cause instanceof SafeGetError ? cause.status : null
}

/**
 * Returns whether the studio never fetches a URL: no call of it was answered with that, and it is refused by its text alone. A name
 * that leads to a private address today may lead to a public one tomorrow, or in another network.
 */
export function isForbidden({ isFromCall, url }: Pick<Rehost, 'isFromCall' | 'url'>, error: unknown): boolean {
  const cause = getCause(error)
  if (isFromCall || !(cause instanceof SafeGetError)) return false
  if (URL_REFUSALS.includes(cause.code)) return true
  return cause.code === 'blocked-address' && url !== null && isPrivateLiteral(new URL(url).hostname)
}

function isPrivateLiteral(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '')
  return isIP(address) !== 0 && !isPublicAddress(address)
}

function getCause(error: unknown): unknown {
  return error instanceof StoreOutputError ? error.cause : undefined
}

/** Lowers the first letter of a sentence, but not of a host. */
function lowercaseFirst(sentence: string): string {
  return sentence.replace(/^(An|Only|Port|That)\b/, word => word.toLowerCase())
}
