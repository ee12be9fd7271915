import { z } from 'zod'

/** Every problem with its HTTP status and title, by its code. */
export const PROBLEMS = {
  malformed: { status: 400, title: 'The request could not be read' },
  unauthenticated: { status: 401, title: 'A valid secret is needed' },
  budget_reached: { status: 402, title: 'The budget is reached' },
  forbidden: { status: 403, title: 'Not allowed' },
  fetch_refused: { status: 403, title: 'The studio does not fetch that' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'That method is not for this address' },
  too_slow: { status: 408, title: 'Arrived too slowly' },
  conflict: { status: 409, title: 'In conflict with what is there' },
  last_output: { status: 409, title: 'The last output of its generation' },
  gone: { status: 410, title: 'Removed permanently' },
  precondition_failed: { status: 412, title: 'Not the version that was meant' },
  too_large: { status: 413, title: 'Too large' },
  unsupported_type: { status: 415, title: 'That content type is not taken here' },
  range: { status: 416, title: 'That range is not in the file' },
  invalid: { status: 422, title: 'Something in the request is not right' },
  too_many: { status: 429, title: 'Too many at once' },
  internal: { status: 500, title: 'Something went wrong here' },
  unavailable: { status: 503, title: 'Not available right now' },
  disk_full: { status: 507, title: 'The disk is nearly full' },
} as const
export type ProblemCode = keyof typeof PROBLEMS

const codes = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]

/** The body of every error response. @see https://www.rfc-editor.org/rfc/rfc9457 */
export const Problem = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  code: z.enum(codes),
  detail: z.string().describe('a sentence for the person: what is wrong and what to do'),
  requestId: z.string(),
  errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
})
export type Problem = z.infer<typeof Problem>
