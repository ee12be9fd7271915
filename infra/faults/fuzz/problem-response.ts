import { Problem } from '@darkroom/contracts/problem'
import type { HttpResponse } from './http.ts'

/**
 * With these, and an empty body, the server under us turns away what is not HTTP before any code of ours sees it, and a range
 * that a file of the interface does not have.
 */
const BARE_STATUSES = [400, 413, 416, 431]
/** What tells of our inside: places in code, statements, folders, values that are none. */
const INTERNAL_DETAILS =
  /\bat \S+ \(|node_modules|\.tsx?\b|\b(select|insert|update|delete)\b.*\b(from|into|set)\b|postgres|\/(tmp|home|root|usr|var)\/|Error\b|\bundefined\b|\[object |\bNaN\b/i

/**
 * What is wrong with an answer as a refusal, in a few words each: it has to be a problem document with a sentence for a person
 * that tells nothing of our inside.
 *
 * @param method of the request: to HEAD there is no body
 */
export function checkProblemResponse(response: HttpResponse, method = 'GET'): string[] {
  if (response.body.byteLength === 0 && BARE_STATUSES.includes(response.status)) return []
  const type = response.headers.get('content-type')
  if (type !== 'application/problem+json') return [`is ${type}, not a problem document`]
  return method === 'HEAD' ? [] : checkProblem(response)
}

/** The words of a refusal, empty if it has none. */
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
    [INTERNAL_DETAILS.test(detail), `tells of our inside: ${detail}`],
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
