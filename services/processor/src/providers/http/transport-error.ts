import type { FailureClass } from '@darkroom/contracts/failures'
import { readErrorCode } from '@darkroom/infra/runtime/error-code'
import { ProviderError } from '../adapter.ts'
import type { HttpRequest } from './http-client.ts'

/** Errors that occur before a byte is sent: no work can have begun. */
const NEVER_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']

/** Returns the error of a request whose response did not come, or broke off. */
export function toTransportError(
  cause: unknown,
  { signal, failureIfUnanswered }: Pick<HttpRequest, 'signal' | 'failureIfUnanswered'>,
): ProviderError {
  // A time limit of the call itself is the provider's silence as well: it counts for the circuit breaker.
  const reason: unknown = signal.aborted ? signal.reason : cause
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new ProviderError('provider_silent', { failure: failureIfUnanswered, cause })
  }
  if (signal.aborted) return createInterruptedError(failureIfUnanswered, reason)
  const isSent = !NEVER_SENT.includes(readErrorCode(cause) ?? '')
  const failure = isSent ? failureIfUnanswered : 'retryable'
  return new ProviderError('provider_unreachable', { failure, cause })
}

export function createInterruptedError(failure: FailureClass, cause: unknown): ProviderError {
  return new ProviderError('interrupted', { failure, cause })
}

/**
 * Returns the error of a response that contradicts the provider's documentation. It has no cause: the error of a parser shows parts
 * of what it could not read.
 */
export function createMisbehavedError(failure: FailureClass): ProviderError {
  return new ProviderError('provider_misbehaved', { failure })
}
