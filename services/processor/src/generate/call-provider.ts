import { ProviderError } from '../providers/adapter.ts'
import type { CircuitBreaker } from '../queue/circuit-breaker.ts'
import type { Lease } from '../queue/lease.ts'

/**
 * Runs a request to the provider and records its outcome in the circuit breaker. A ProviderError is returned as a value.
 *
 * @throws every other error, and the signal's reason where the request was aborted by us
 */
export async function callProvider<T>(
  { lease, breaker }: { lease: Pick<Lease, 'signal'>; breaker: CircuitBreaker },
  work: () => Promise<T>,
): Promise<T | ProviderError> {
  try {
    const result = await work()
    await breaker.record(null)
    return result
  } catch (error) {
    lease.signal.throwIfAborted()
    if (!(error instanceof ProviderError)) throw error
    await breaker.record(error)
    return error
  }
}
