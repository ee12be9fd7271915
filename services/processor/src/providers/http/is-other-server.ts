import { ProviderError } from '../adapter.ts'

/** Returns whether an error means that something else is at an address: it lacks the route, or gives an answer that makes no sense there. */
export function isOtherServer(error: unknown): boolean {
  return error instanceof ProviderError && (error.code === 'request_unknown' || error.code === 'provider_misbehaved')
}
