import type { Problem } from '@darkroom/contracts/problem'

interface RequestErrorOptions extends ErrorOptions {
  /** HTTP status of the response; null if there was none. */
  status?: number | null
}

interface RejectedErrorOptions extends RequestErrorOptions {
  /** Parts of the request that are not valid: `parent`, `parameters.seed`. */
  paths?: readonly string[]
}

interface UnavailableErrorOptions extends RequestErrorOptions {
  /** Least time until the request may be sent again, in milliseconds. */
  retryAfterMs?: number
}

/** The studio's refusal of a request, with the message of its problem document. */
export class RejectedError extends Error {
  override readonly name = 'RejectedError'
  readonly status: number | null
  readonly paths: readonly string[]

  constructor(message: string, { status = null, paths = [], ...options }: RejectedErrorOptions = {}) {
    super(message, options)
    this.status = status
    this.paths = paths
  }
}

/**
 * A request that is no use now and may be later: the user is offline, a part of the studio is down or overloaded, or it took too
 * long. The same request can be sent again.
 */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError'
  readonly status: number | null
  readonly retryAfterMs: number

  constructor(message: string, { status = null, retryAfterMs = 0, ...options }: UnavailableErrorOptions = {}) {
    super(message, options)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** An error response of the studio. */
export interface ErrorResponse {
  status: number
  /** The problem document, if the response has one. */
  body: unknown
  /** The `Retry-After` header. */
  retryAfter: string | null
}

export const UNREACHABLE_MESSAGE = 'The studio cannot be reached.'

/** A gateway or a service that is down, starting, stopping or overloaded, or whose database is down. */
const UNAVAILABLE_STATUSES = [502, 503, 504]
/** The disk of the studio is full. */
const DISK_FULL_STATUS = 507
const MAX_RETRY_AFTER_MS = 60_000

/** Returns the error of an error response. @param subject named in its message: see `formatProblem` */
export function toRequestError({ status, body, retryAfter }: ErrorResponse, subject?: string): Error {
  if (!UNAVAILABLE_STATUSES.includes(status)) {
    return new RejectedError(formatProblem(body, status, subject), { status, paths: listPaths(body) })
  }
  const retryAfterMs = parseRetryAfter(retryAfter)
  return new UnavailableError(detailOf(body) ?? UNREACHABLE_MESSAGE, { status, retryAfterMs })
}

/** Returns whether the same request may succeed later: the studio was not available, or its disk was full. */
export function canSendAgain(error: unknown): boolean {
  if (error instanceof UnavailableError) return true
  return error instanceof RejectedError && error.status === DISK_FULL_STATUS
}

/** Returns the message about an error for the user. */
export function describeProblem(error: unknown): string {
  return error instanceof RejectedError || error instanceof UnavailableError
    ? error.message
    : 'Something went wrong in this page.'
}

/**
 * Returns the message of a problem document for the user: one sentence for each part of the request that is not valid, else
 * one for the whole request.
 *
 * @param subject named instead of the part, where the user knows of one part only
 */
export function formatProblem(value: unknown, status: number, subject?: string): string {
  const problem = value as Partial<Problem> | null
  const errors = problem?.errors?.map(({ path, message }) => toSentence(`${subject ?? path} ${message}`)) ?? []
  if (errors.length > 0) return [...new Set(errors)].join(' ')
  return detailOf(value) ?? `The studio answered with an error (${status}).`
}

function listPaths(body: unknown): string[] {
  return (body as Partial<Problem> | null)?.errors?.map(({ path }) => path) ?? []
}

function detailOf(value: unknown): string | undefined {
  const detail = (value as Partial<Problem> | null)?.detail
  return typeof detail === 'string' ? detail : undefined
}

/** Parses a number of seconds. A date counts as none: the studio sends none. */
function parseRetryAfter(header: string | null): number {
  const seconds = Number(header ?? '')
  return seconds > 0 ? Math.min(seconds * 1_000, MAX_RETRY_AFTER_MS) : 0
}

function toSentence(message: string): string {
  const text = message.trim()
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}
