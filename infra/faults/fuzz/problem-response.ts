import { Problem } from '@darkroom/contracts/problem'
import type { HttpResponse } from './http.ts'

/**
 * Statuses with which Bun's server refuses, with an empty body, what is not HTTP, before any handler runs, and a range that a file
 * of the interface does not have.
 */
const BARE_STATUSES = [400, 413, 416, 431]
/** Internal details: code locations, statements, paths, missing values. */
const INTERNAL_DETAILS =
  /\bat \S+ \(|node_modules|\.tsx?\b|\b(select|insert|update|delete)\b.*\b(from|into|set)\b|postgres|\/(tmp|home|root|usr|var)\/|Error\b|\bundefined\b|\[object |\bNaN\b/i

/**
 * Checks a refusal: it must be a problem document with a sentence for a user and without internal details.
 *
 * @param method of the request; a response to HEAD has no body
 * @returns what is wrong, in a few words each
 */
export function checkProblemResponse(response: HttpResponse, method = 'GET'): string[] {
  if (response.body.byteLength === 0 && BARE_STATUSES.includes(response.status)) return []
  const type = response.headers.get('content-type')
  if (type !== 'application/problem+json') return [`is ${type}, not a problem document`]
  return method === 'HEAD' ? [] : checkProblem(response)
}

/** Returns the detail of a problem, empty if there is none. */
export function readDetail(response: HttpResponse): string {
  return parseProblem(response)?.detail ?? ''
}

function checkProblem(response: HttpResponse): string[] {
  const problem = parseProblem(response)
  if (!problem) return [`is not a problem document: ${response.body.toString().slice(0, 200)}`]
  const { detail, status, requestId } = problem
  const given = response.headers.get('x-request-id')
  const faults: [boolean, string][] = [
    [status !== response.status, `says ${status} in a ${response.status}`],
    [!/^\S+( \S+)+[.?]$/s.test(detail) || detail.length > 600, `is no sentence: ${detail.slice(0, 700)}`],
    [INTERNAL_DETAILS.test(detail), `has internal details: ${detail}`],
    [given !== null && given !== requestId, 'has two request ids'],
    [response.body.byteLength > 16_384, `is ${response.body.byteLength} bytes long`],
  ]
  return faults.flatMap(([isViolated, fault]) => (isViolated ? [fault] : []))
}

function parseProblem(response: HttpResponse): Problem | undefined {
  try {
    return Problem.parse(JSON.parse(response.body.toString()))
  } catch {
    return undefined
  }
}
