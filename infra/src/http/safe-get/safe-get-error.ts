import type { Stall } from './idle-timeout.ts'

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

/** Why an address was not fetched, in words that may be shown: its host at most, never its path or query. */
export class SafeGetError extends Error {
  override readonly name = 'SafeGetError'
  readonly code: SafeGetCode
  /** What the server answered, where the code is `status`. */
  readonly status: number | null

  constructor(code: SafeGetCode, message: string, options?: ErrorOptions & { status?: number }) {
    super(message, options)
    this.code = code
    this.status = options?.status ?? null
  }
}

/** What bounds one fetch. `signal` is aborted with `caller`, at the deadline, and with `stall`. */
export interface Limits {
  maxBytes: number
  deadlineMs: number
  signal: AbortSignal
  stall: Stall
  caller: AbortSignal
}

export function tooLarge(url: URL, limits: Limits): SafeGetError {
  return new SafeGetError('too-large', `${url.host} sent more than ${(limits.maxBytes / 1e6).toFixed(1)} MB.`)
}

const BROKEN = { network: 'could not be reached.', truncated: 'broke off before the end.' }

/** What to throw for whatever went wrong: the caller's own reason where the caller ended it. */
export function explain(cause: unknown, url: URL, broken: keyof typeof BROKEN, limits: Limits): unknown {
  if (cause instanceof SafeGetError) return cause
  if (limits.caller.aborted) return limits.caller.reason
  if (!limits.signal.aborted) return new SafeGetError(broken, `${url.host} ${BROKEN[broken]}`, { cause })
  if (limits.stall.signal.aborted) return new SafeGetError('timeout', `${url.host} fell silent.`, { cause })
  return new SafeGetError('timeout', `${url.host} took longer than ${limits.deadlineMs / 1000} s.`, { cause })
}
