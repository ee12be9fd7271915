import { PROBLEMS, type Problem, type ProblemCode } from '@darkroom/contracts/problem'

type FieldError = { path: string; message: string }

/** Limits on a problem document: a request may be wrong in a million places, and the response would be larger than it. */
const PROBLEM_LIMITS = { errors: 20, characters: 500 }

interface ProblemOptions extends ErrorOptions {
  errors?: FieldError[]
  retryAfterSeconds?: number
  headers?: Readonly<Record<string, string>>
}

/** An error that is meant for the user: its message is shown unchanged. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly code: ProblemCode
  readonly errors: FieldError[] | undefined
  readonly retryAfterSeconds: number | undefined
  /** Headers of the response besides those of every problem. */
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, options)
    this.code = code
    this.errors = options.errors
    this.retryAfterSeconds = options.retryAfterSeconds
    this.headers = options.headers ?? {}
  }
}

/**
 * Creates the problem document of an error.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function createProblemDocument(error: ProblemError, requestId: string): Problem {
  const { status, title } = PROBLEMS[error.code]
  const detail = truncate(error.message)
  const document = { type: 'about:blank' as const, title, status, code: error.code, detail, requestId }
  const errors = error.errors?.slice(0, PROBLEM_LIMITS.errors)
  if (!errors) return document
  return {
    ...document,
    errors: errors.map(({ path, message }) => ({ path: truncate(path), message: truncate(message) })),
  }
}

/** Creates the response with the problem document of an error. */
export function createProblemResponse(error: ProblemError, requestId: string): Response {
  const { status } = PROBLEMS[error.code]
  const retryAfter = error.retryAfterSeconds
  return new Response(JSON.stringify(createProblemDocument(error, requestId)), {
    status,
    headers: {
      ...error.headers,
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    },
  })
}

function truncate(text: string): string {
  return text.length <= PROBLEM_LIMITS.characters ? text : `${text.slice(0, PROBLEM_LIMITS.characters).toWellFormed()}…`
}
