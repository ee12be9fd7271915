import type { WireRequest } from '../fuzz/http.ts'

/** A request, and the refusal that it must get. */
export interface BadInputCase {
  name: string
  request: WireRequest
  status: number
  /** Required text of the problem, where several errors are possible. */
  detail?: RegExp
}

/** A value that no refusal may repeat. */
export const SECRET = 'kept-to-myself-9f2c'

/** Separator of the parts of a form. */
export const BOUNDARY = 'bad-input'

/** Returns a request with default fields where none are given. */
export function createRequest(given: Partial<WireRequest>): WireRequest {
  return { method: 'GET', target: '/', headers: [], body: new Uint8Array(), framing: 'length', ...given }
}

/** Returns a `POST /api/generate`. @param body text, or any other value to be sent as JSON */
export function createSubmissionRequest(body: unknown, given: Partial<WireRequest> = {}): WireRequest {
  return createRequest({
    method: 'POST',
    target: '/api/generate',
    headers: [['Content-Type', 'application/json']],
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    ...given,
  })
}

/** One part of a form, with its headers verbatim. */
export interface FormPart {
  headers: string
  body: Uint8Array | string
}

export function createFilePart(body: Uint8Array | string, filename = 'a.png', name = 'file'): FormPart {
  return {
    headers: `Content-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: image/png`,
    body,
  }
}

export function createTextPart(body: string, name = 'file'): FormPart {
  return { headers: `Content-Disposition: form-data; name="${name}"`, body }
}

/** Returns a `POST /api/references`. */
export function createUploadRequest(parts: readonly FormPart[], given: Partial<WireRequest> = {}): WireRequest {
  const written = parts.flatMap(({ headers, body }) => [
    Buffer.from(`--${BOUNDARY}\r\n${headers}\r\n\r\n`, 'latin1'),
    Buffer.from(body as Uint8Array),
    Buffer.from('\r\n'),
  ])
  return createRequest({
    method: 'POST',
    target: '/api/references',
    headers: [['Content-Type', `multipart/form-data; boundary=${BOUNDARY}`]],
    body: Buffer.concat([...written, Buffer.from(`--${BOUNDARY}--\r\n`)]),
    ...given,
  })
}

export function toDataUrl(bytes: Uint8Array, type = 'image/png'): string {
  return `data:${type};base64,${Buffer.from(bytes).toString('base64')}`
}
