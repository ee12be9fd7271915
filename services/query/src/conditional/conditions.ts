import { ProblemError } from '@darkroom/infra/http/problem'
import { isSameTag, namesEntityTag } from './entity-tags.ts'
import { parseHttpDate } from './http-date.ts'

/** The version of a response, on which a request can make conditions. */
export interface Validators {
  /** With its quotes. */
  etag?: string | undefined
  lastModified?: Date | undefined
}

/**
 * Evaluates the conditions of a request for something that exists, in the order of the standard.
 *
 * @returns whether the client has it already, and is sent 304
 * @throws ProblemError `precondition_failed` when it has changed since the client saw it
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
 */
export function isNotModified({ method, headers }: Request, validators: Validators): boolean {
  const { etag, lastModified } = validators
  const ifMatch = headers.get('if-match')
  if (ifMatch !== null && !namesEntityTag(ifMatch, etag, 'strong')) throw createPreconditionError()
  const unmodifiedSince = readDate(headers, 'if-unmodified-since')
  if (ifMatch === null && unmodifiedSince !== undefined && isNewer(lastModified, unmodifiedSince))
    throw createPreconditionError()
  const ifNoneMatch = headers.get('if-none-match')
  if (ifNoneMatch !== null) return namesEntityTag(ifNoneMatch, etag, 'weak')
  const modifiedSince = readDate(headers, 'if-modified-since')
  const isRead = method === 'GET' || method === 'HEAD'
  return isRead && modifiedSince !== undefined && lastModified !== undefined && !isNewer(lastModified, modifiedSince)
}

/**
 * Returns whether the range of a request is of what the response has: it is not when `if-range` names another version.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5
 */
export function isRangeCurrent({ headers }: Request, { etag, lastModified }: Validators): boolean {
  const ifRange = headers.get('if-range') || null
  if (ifRange === null || (etag !== undefined && isSameTag(ifRange.trim(), etag, 'strong'))) return true
  return lastModified !== undefined && parseHttpDate(ifRange, Date.now()) === toSeconds(lastModified)
}

function isNewer(lastModified: Date | undefined, seconds: number): boolean {
  return lastModified !== undefined && toSeconds(lastModified) > seconds
}

/** Returns the seconds since 1970, as headers have them: without a fraction. */
function toSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1_000)
}

function readDate(headers: Headers, name: string): number | undefined {
  const text = headers.get(name)
  return text === null ? undefined : parseHttpDate(text, Date.now())
}

function createPreconditionError(): ProblemError {
  return new ProblemError('precondition_failed', 'It is not the version that the request is about. Fetch it anew.')
}
