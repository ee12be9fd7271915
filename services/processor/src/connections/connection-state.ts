import type { ConnectionState } from '@darkroom/contracts/connection'
import type { FailureCode } from '@darkroom/contracts/failures'
import type { ProviderError } from '../providers/adapter.ts'

type FailedKind = Exclude<ConnectionState['kind'], 'ok' | 'checking' | 'limited'>

/** A state of a connection without its time, which the database adds. `error` is a sentence for users. */
export type ConnectionStateChange =
  | { kind: 'ok' }
  | { kind: 'limited'; seconds: number }
  | { kind: FailedKind; error: string }

const DEFAULT_LIMIT_SECONDS = 10

const KINDS: Partial<Record<FailureCode, FailedKind | 'limited'>> = {
  key_refused: 'wrong-key',
  no_permission: 'no-permission',
  payment_required: 'no-credit',
  rate_limited: 'limited',
  too_many_at_once: 'limited',
  provider_unreachable: 'unreachable',
  provider_silent: 'unreachable',
}

/** Returns the state of a connection whose provider has failed like this. */
export function toStateChange({ code, message, retryAfterSeconds }: ProviderError): ConnectionStateChange {
  const kind = KINDS[code] ?? 'failing'
  if (kind === 'limited') return { kind, seconds: retryAfterSeconds ?? DEFAULT_LIMIT_SECONDS }
  return { kind, error: message }
}
