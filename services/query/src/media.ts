import { ProblemError } from '@darkroom/infra/problem'
import { KeyError, type Range, type Store, type StoredObject } from '@darkroom/infra/store'

/** Types by extension. Ours are made from decoded bytes; whatever is not in here is not served. */
const TYPES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
  avif: 'image/avif',
  gif: 'image/gif',
  mp4: 'video/mp4',
  webm: 'video/webm',
}

const HEADERS = {
  // A key names its bytes for ever: a picture is never written over.
  'cache-control': 'private, max-age=31536000, immutable',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'accept-ranges': 'bytes',
}

/**
 * Serves an object's bytes, whole or the range that is asked for.
 *
 * @param key as in `/media/<key>`, decoded
 * @throws ProblemError `not_found` for what is not there and for what is another workspace's, `range`
 */
export async function serveMedia(store: Store, workspaceId: string, key: string, request: Request): Promise<Response> {
  const type = key.startsWith(`w/${workspaceId}/`) ? typeOf(key) : undefined
  const object = type === undefined ? null : await lookUp(store, key)
  if (!object || type === undefined) throw notFound()
  const etag = `"${Bun.hash(key).toString(36)}-${object.bytes.toString(36)}"`
  const headers = { ...HEADERS, etag, 'content-type': type, 'last-modified': object.modified.toUTCString() }
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
  const range = rangeOf(request, object, etag)
  const found = await store.get(key, range ? { range } : {})
  if (!found) throw notFound()
  if (!range) return new Response(found.body, { headers })
  const contentRange = `bytes ${range.start}-${range.end}/${object.bytes}`
  return new Response(found.body, { status: 206, headers: { ...headers, 'content-range': contentRange } })
}

async function lookUp(store: Store, key: string): Promise<StoredObject | null> {
  try {
    return await store.head(key)
  } catch (error) {
    if (error instanceof KeyError) return null
    throw error
  }
}

/** A single range; several at once, or one in another unit, are answered whole. @see https://www.rfc-editor.org/rfc/rfc9110#section-14 */
function rangeOf(request: Request, object: StoredObject, etag: string): Range | null {
  const condition = request.headers.get('if-range')
  const asked = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get('range') ?? '')
  if (!asked || (condition !== null && condition !== etag)) return null
  const [, first = '', last = ''] = asked
  if (first === '' && last === '') return null
  const start = first === '' ? Math.max(0, object.bytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? object.bytes - 1 : Math.min(Number(last), object.bytes - 1)
  if (start > end) throw new ProblemError('range', `The file has ${object.bytes} bytes.`)
  return { start, end }
}

function typeOf(key: string): string | undefined {
  const extension = key.slice(key.lastIndexOf('.') + 1)
  return Object.hasOwn(TYPES, extension) ? TYPES[extension] : undefined
}

function notFound(): ProblemError {
  return new ProblemError('not_found', 'There is no such picture here.')
}
