import type { FailureClass, FailureCode } from '@darkroom/contracts/failures'
import { ProviderError } from '../adapter.ts'
import { parseRetryAfter } from './retry-after.ts'

/** A response that is not of 2xx. */
export interface Refusal {
  status: number
  headers: Headers
  /** Its body without the key: parsed JSON, a text that is none, or undefined. It may be anything. */
  body: unknown
}

/** The error that a refusal amounts to. Without `failure` it has that of the code. */
export interface ClassifiedRefusal {
  code: FailureCode
  message?: string
  failure?: FailureClass
  /** Seconds until the next try; those of the headers unless given. */
  retryAfterSeconds?: number | null
}

/** Maps a refusal to an error by what its provider documents; undefined leaves it to the status. */
export type Classifier = (refusal: Refusal) => ClassifiedRefusal | undefined

/** Returns the error of a refusal: that of the client's classifier, else that of its status. */
export function createRefusalError(
  client: { classify?: Classifier },
  request: { failureIfUnanswered: FailureClass },
  refusal: Refusal,
): ProviderError {
  const { code, ...options } = client.classify?.(refusal) ?? classifyStatus(refusal.status, request.failureIfUnanswered)
  return new ProviderError(code, { retryAfterSeconds: parseRetryAfter(refusal.headers), ...options })
}

/**
 * Maps the status of a refusal to an error. With 4xx no work was begun, nor with 503, by which a server declines the request
 * for the moment. Any other 5xx may come from a proxy, or after the work was queued: a second submission could then be billed
 * beside the first. The same is true of 408, by which some proxies report a timeout, and of 303, which follows work.
 *
 * @param failureIfUnanswered class of a refusal that leaves the outcome open
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15
 */
export function classifyStatus(status: number, failureIfUnanswered: FailureClass): ClassifiedRefusal {
  const isSubmission = failureIfUnanswered === 'unknown'
  if (status < 400) return { ...REDIRECTED, failure: status === 303 ? failureIfUnanswered : 'permanent' }
  if (status === 404) return { code: isSubmission ? 'model_unknown' : 'request_unknown' }
  const classified = BY_STATUS[status]
  if (classified) return classified
  const failure = status >= 500 || status === 408 ? failureIfUnanswered : 'permanent'
  return { code: 'provider_refused', message: `The provider refused (${status}).`, failure }
}

const REDIRECTED: ClassifiedRefusal = {
  code: 'provider_refused',
  message: 'The provider redirects to another address, which is not followed. Check the address of the connection.',
}

const BY_STATUS: Readonly<Record<number, ClassifiedRefusal>> = {
  401: { code: 'key_refused' },
  402: { code: 'payment_required' },
  403: { code: 'no_permission' },
  413: {
    code: 'reference_refused',
    message: 'This is larger than the provider takes. Use fewer or smaller reference images.',
  },
  429: { code: 'rate_limited' },
  503: { code: 'provider_busy' },
}
