import type { IdleTimeout } from './idle-timeout.ts'

export type SafeGetCode =
  | 'bad-url'
  | 'bad-scheme'
  | 'bad-port'
  | 'userinfo'
  | 'blocked-address'
  | 'too-many-redirects'
  | 'status'
  | 'encoding'
  | 'wrong-type'
  | 'too-large'
  | 'timeout'
  | 'truncated'
  | 'network'

interface StatusOptions extends ErrorOptions {
  status?: number
  headers?: Readonly<Record<string, string>>
}

/** A fetch that was refused or failed. The message may be shown: it names the host at most, never the path or query. */
export class SafeGetError extends Error {
  override readonly name = 'SafeGetError'
  readonly code: SafeGetCode
  /** The status of the response, when the code is `status`. */
  readonly status: number | null
  /** The headers of that response that describe its bytes, by names in lower case. */
  readonly headers: Readonly<Record<string, string>>

  constructor(code: SafeGetCode, message: string, options: StatusOptions = {}) {
    super(message, options)
    this.code = code
    this.status = options.status ?? null
    this.headers = options.headers ?? {}
  }
}

/** Codes of fetches that the studio itself refuses, by the address or by what is sent. */
const REFUSALS: readonly SafeGetCode[] = [
  'bad-url',
  'bad-scheme',
  'bad-port',
  'userinfo',
  'blocked-address',
  'too-many-redirects',
  'encoding',
  'wrong-type',
  'too-large',
]

/** Returns whether the studio refused to fetch something. Otherwise it could not be fetched, or the server refused it. */
export function isRefusal({ code }: SafeGetError): boolean {
  return REFUSALS.includes(code)
}

/** The limits of one fetch. `signal` is aborted with `callerSignal`, at the deadline, and with `idleTimeout`. */
export interface FetchLimits {
  maxBytes: number
  deadlineMs: number
  signal: AbortSignal
  idleTimeout: IdleTimeout
  callerSignal: AbortSignal
}

export function createTooLargeError(url: URL, limits: FetchLimits): SafeGetError {
  return new SafeGetError('too-large', `${url.host} sent more than ${(limits.maxBytes / 1e6).toFixed(1)} MB.`)
}

const CONNECTION_MESSAGES = { network: 'could not be reached.', truncated: 'broke off before the end.' }

/** Maps any error of a fetch to a SafeGetError, or to the caller's own reason when the caller aborted it. */
export function toSafeGetError(
  cause: unknown,
  url: URL,
  fallbackCode: keyof typeof CONNECTION_MESSAGES,
  limits: FetchLimits,
): unknown {
  if (cause instanceof SafeGetError) return cause
  if (limits.callerSignal.aborted) return limits.callerSignal.reason
  if (!limits.signal.aborted)
    return new SafeGetError(fallbackCode, `${url.host} ${CONNECTION_MESSAGES[fallbackCode]}`, { cause })
  if (limits.idleTimeout.signal.aborted) return new SafeGetError('timeout', `${url.host} fell silent.`, { cause })
  return new SafeGetError('timeout', `${url.host} took longer than ${limits.deadlineMs / 1000} s.`, { cause })
}
