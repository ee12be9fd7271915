import { Problem } from '@darkroom/contracts/problem'
import type { Answer } from './http.ts'

/**
 * With these, and an empty body, the server under us turns away what is not HTTP before any code of ours sees it, and a range
 * that a file of the interface does not have.
 */
const WITHOUT_US = [400, 413, 416, 431]
/** What tells of our inside: places in code, statements, folders, values that are none. */
const INSIDE =
  /\bat \S+ \(|node_modules|\.tsx?\b|\b(select|insert|update|delete)\b.*\b(from|into|set)\b|postgres|\/(tmp|home|root|usr|var)\/|Error\b|\bundefined\b|\[object |\bNaN\b/i

/**
 * What is wrong with an answer as a refusal, in a few words each: it has to be a problem document with a sentence for a person
 * that tells nothing of our inside.
 *
 * @param method of the request: to HEAD there is no body
 */
export function faultsOfRefusal(answer: Answer, method = 'GET'): string[] {
  if (answer.body.byteLength === 0 && WITHOUT_US.includes(answer.status)) return []
  const type = answer.headers.get('content-type')
  if (type !== 'application/problem+json') return [`is ${type}, not a problem document`]
  return method === 'HEAD' ? [] : faultsOfProblem(answer)
}

/** The words of a refusal, empty if it has none. */
export function detailOf(answer: Answer): string {
  return parse(answer)?.detail ?? ''
}

function faultsOfProblem(answer: Answer): string[] {
  const problem = parse(answer)
  if (!problem) return [`is not a problem document: ${answer.body.toString().slice(0, 200)}`]
  const { detail, status, requestId } = problem
  const given = answer.headers.get('x-request-id')
  const faults: [boolean, string][] = [
    [status !== answer.status, `says ${status} in a ${answer.status}`],
    [!/^\S+( \S+)+[.?]$/s.test(detail) || detail.length > 600, `is no sentence: ${detail.slice(0, 700)}`],
    [INSIDE.test(detail), `tells of our inside: ${detail}`],
    [given !== null && given !== requestId, 'has two request ids'],
    [answer.body.byteLength > 16_384, `is ${answer.body.byteLength} bytes long`],
  ]
  return faults.flatMap(([wrong, words]) => (wrong ? [words] : []))
}

function parse(answer: Answer): Problem | undefined {
  try {
    return Problem.parse(JSON.parse(answer.body.toString()))
  } catch {
    return undefined
  }
}
