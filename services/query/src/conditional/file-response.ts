import { forwardStream, type OnWaiting } from '@darkroom/infra/http/forward-stream'
import type { ByteRange } from '@darkroom/infra/store/store'
import { parseByteRange } from './byte-range.ts'
import { isNotModified, isRangeCurrent, type Validators } from './conditions.ts'

/** A file that is there, and how its bytes are read. */
export interface ServedFile extends Validators {
  etag: string
  /** Its size. */
  bytes: number
  /** Headers besides those of its version, its length and its ranges. */
  headers: Readonly<Record<string, string>>
  /** Opens the whole file or a range of it; null when it was removed just now. */
  open(range: ByteRange | null): Promise<Blob | ReadableStream<Uint8Array> | null>
  onWaiting: OnWaiting
}

/**
 * Responds with a file, whole or the requested range, as the conditions of the request have it. HEAD reads no bytes.
 *
 * @returns undefined when the file was removed just now
 * @throws ProblemError `precondition_failed`; `range` when the range is not in the file
 */
export async function respondFileBytes(request: Request, file: ServedFile): Promise<Response | undefined> {
  const headers = createFileHeaders(file)
  if (isNotModified(request, file)) return new Response(null, { status: 304, headers })
  // Set explicitly, since a response without a body has no length. A range is of GET alone.
  if (request.method === 'HEAD')
    return new Response(null, { headers: { ...headers, 'content-length': `${file.bytes}` } })
  const range = isRangeCurrent(request, file) ? parseByteRange(request.headers.get('range') ?? '', file.bytes) : null
  const found = await file.open(range)
  if (found === null) return undefined
  const body = found instanceof Blob ? found : forwardStream(found, file.onWaiting)
  if (!range) return new Response(body, { headers })
  const contentRange = `bytes ${range.start}-${range.end}/${file.bytes}`
  return new Response(body, { status: 206, headers: { ...headers, 'content-range': contentRange } })
}

function createFileHeaders({ headers, etag, lastModified }: ServedFile): Record<string, string> {
  return {
    ...headers,
    'accept-ranges': 'bytes',
    etag,
    ...(lastModified && { 'last-modified': lastModified.toUTCString() }),
  }
}
