import type { WireRequest } from '../fuzz/http.ts'

/** A request, and how it must be refused. */
export interface BadInputCase {
  name: string
  request: WireRequest
  status: number
  /** What the words say, where it matters which of several things is found wrong. */
  detail?: RegExp
}

/** Stands for what nobody but its sender should ever see again: no refusal repeats it. */
export const SECRET = 'kept-to-myself-9f2c'

/** Between the parts of a form. */
export const BOUNDARY = 'bad-input'

/** A request with what is usual, but for what is given. */
export function createRequest(given: Partial<WireRequest>): WireRequest {
  return { method: 'GET', target: '/', headers: [], body: new Uint8Array(), framing: 'length', ...given }
}

/** `POST /api/generate`. @param body text as it is, or anything else as JSON */
export function createSubmissionRequest(body: unknown, given: Partial<WireRequest> = {}): WireRequest {
  return createRequest({
    method: 'POST',
    target: '/api/generate',
    headers: [['Content-Type', 'application/json']],
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    ...given,
  })
}

/** One part of a form. `headers` is what is said of it, as it is. */
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

/** `POST /api/references`. */
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
