import { LIMITS } from '@darkroom/contracts/limits'
import type { Reference } from '@darkroom/contracts/reference'
import { RejectedError, toRequestError, UNREACHABLE_MESSAGE, UnavailableError } from '../../request-error.ts'

export interface UploadOptions {
  signal: AbortSignal
  /** Called with the share that has been sent, from 0 to 1. */
  onProgress: (share: number) => void
}

const UPLOAD_TIMEOUT_MS = 300_000

/**
 * Uploads an image as a reference. `fetch` does not report the progress of an upload; `XMLHttpRequest` does.
 *
 * @throws RejectedError with the studio's message
 * @throws UnavailableError
 */
export function uploadReference(file: File, { signal, onProgress }: UploadOptions): Promise<Reference> {
  const { promise, resolve, reject } = Promise.withResolvers<Reference>()
  const request = new XMLHttpRequest()
  request.open('POST', '/api/references')
  request.timeout = UPLOAD_TIMEOUT_MS
  request.upload.onprogress = event => onProgress(event.lengthComputable ? event.loaded / event.total : 0)
  request.onload = () => settleUpload(request, resolve, reject)
  request.onerror = () => reject(new UnavailableError(UNREACHABLE_MESSAGE))
  request.onabort = () => reject(new RejectedError('it was taken away.'))
  request.ontimeout = () => reject(new UnavailableError('Sending the picture took too long.'))
  signal.addEventListener('abort', () => request.abort(), { once: true })
  const form = new FormData()
  form.append('file', file)
  request.send(form)
  return promise
}

/** Returns the reason why a file cannot be a reference, undefined if it may be one. The studio validates it again. */
export function validateReferenceFile(file: File): string | undefined {
  if (!file.type.startsWith('image/')) return 'This is not a picture.'
  if (file.type === 'image/svg+xml') return 'SVG drawings cannot be references. Use a PNG, JPEG, WebP, AVIF or GIF.'
  if (file.size > LIMITS.referenceBytes) return `Larger than ${LIMITS.referenceBytes / 1_000_000} MB.`
  return undefined
}

function settleUpload(
  request: XMLHttpRequest,
  resolve: (reference: Reference) => void,
  reject: (error: Error) => void,
) {
  const body = parseJson(request.responseText)
  if (request.status === 201 && Array.isArray(body) && body[0]) return resolve(body[0])
  const retryAfter = request.getResponseHeader('retry-after')
  return reject(toRequestError({ status: request.status, body, retryAfter }, 'this file'))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
