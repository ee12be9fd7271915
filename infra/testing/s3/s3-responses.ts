/** A refusal, by the code that S3 gives it. */
export class S3Error extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, status: number) {
    super(code)
    this.code = code
    this.status = status
  }
}

/** Returns S3's response to a request that it refuses. */
export function s3ErrorResponse(status: number, code: string): Response {
  return xmlResponse(`<Error><Code>${code}</Code></Error>`, status)
}

/** Maps an `S3Error` to its response. @throws every other error */
export function toErrorResponse(error: unknown): Response {
  if (error instanceof S3Error) return s3ErrorResponse(error.status, error.code)
  throw error
}

export function xmlResponse(text: string, status = 200): Response {
  const headers = { 'content-type': 'application/xml' }
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>${text}`, { status, headers })
}
