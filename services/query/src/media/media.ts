import { forwardStream, type OnWaiting } from '@darkroom/infra/http/forward-stream'
import { ProblemError } from '@darkroom/infra/http/problem'
import { type ByteRange, InvalidKeyError, type Store, type StoredObject, StoreError } from '@darkroom/infra/store/store'

/** Content types by extension. Stored keys get their extension from the decoded bytes; other extensions are not served. */
const CONTENT_TYPES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
  avif: 'image/avif',
  gif: 'image/gif',
  mp4: 'video/mp4',
  webm: 'video/webm',
}

/** A key names the same bytes permanently: a stored object is never overwritten. */
const IMMUTABLE = 'private, max-age=31536000, immutable'

const HEADERS = {
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'accept-ranges': 'bytes',
}

export interface MediaDeps {
  store: Store
  /** Returns the key of the reference that a preview key belongs to, if it is one. */
  findPreviewSource(key: string): Promise<string | undefined>
  onWaiting: OnWaiting
}

/**
 * Serves an object, whole or the requested range. For a preview that does not exist yet the original reference is served, to
 * be revalidated before the next use.
 *
 * @param key as in `/media/<key>`, decoded
 * @throws ProblemError `not_found` when the object does not exist or belongs to another workspace, `range` when the range is
 *   not satisfiable, `unavailable` when the store does not respond
 */
export async function serveMedia(
  deps: MediaDeps,
  workspaceId: string,
  key: string,
  request: Request,
): Promise<Response> {
  if (!key.startsWith(`w/${workspaceId}/`)) throw createNotFoundError()
  const response = await serveObject(deps, key, IMMUTABLE, request)
  if (response) return response
  const source = await deps.findPreviewSource(key)
  const fallback = source === undefined ? undefined : await serveObject(deps, source, 'private, no-cache', request)
  if (!fallback) throw createNotFoundError()
  return fallback
}

async function serveObject(
  { store, onWaiting }: MediaDeps,
  key: string,
  cacheControl: string,
  request: Request,
): Promise<Response | undefined> {
  const type = getContentType(key)
  const object = type === undefined ? null : await readFromStore(() => store.head(key))
  if (!object || type === undefined) return undefined
  const etag = `"${Bun.hash(key).toString(36)}-${object.bytes.toString(36)}"`
  const objectHeaders = {
    'cache-control': cacheControl,
    etag,
    'content-type': type,
    'last-modified': object.lastModified.toUTCString(),
  }
  const headers = { ...HEADERS, ...objectHeaders }
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
  // Set explicitly, since a streamed body has no content-length. HEAD ignores ranges.
  if (request.method === 'HEAD')
    return new Response(null, { headers: { ...headers, 'content-length': `${object.bytes}` } })
  const range = parseRange(request, object, etag)
  const found = await readFromStore(() => store.get(key, range ? { range } : {}))
  if (!found) return undefined
  const body = found.body instanceof Blob ? found.body : forwardStream(found.body, onWaiting)
  if (!range) return new Response(body, { headers })
  const contentRange = `bytes ${range.start}-${range.end}/${object.bytes}`
  return new Response(body, { status: 206, headers: { ...headers, 'content-range': contentRange } })
}

/** Returns the key in a path `/media/<key>`; undefined for any other path. */
export function parseMediaKey(path: string): string | undefined {
  const [, key] = /^\/media\/(?!remote\/)([A-Za-z0-9._/-]+)$/.exec(path) ?? []
  return key
}

/** Reads from the store; null for a key that is not valid. @throws ProblemError `unavailable` when the store fails */
async function readFromStore<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof InvalidKeyError) return null
    if (error instanceof StoreError) throw createUnavailableError(error)
    throw error
  }
}

/** No two parts of it can match the same blanks: a header of blanks would be read as often as it is long. */
const BYTE_RANGE = /^bytes\s*=\s*(?:(\d+)\s*)?-\s*(\d*)$/i

/**
 * Parses a single byte range. Returns null, for a whole response, when the header has several ranges or another unit, or when
 * `if-range` names another ETag.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14
 * @throws ProblemError `range` when the range is not satisfiable
 */
function parseRange(request: Request, object: StoredObject, etag: string): ByteRange | null {
  const ifRange = request.headers.get('if-range') || null
  const match = BYTE_RANGE.exec(request.headers.get('range') ?? '')
  if (!match || (ifRange !== null && ifRange !== etag)) return null
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return null
  const start = first === '' ? Math.max(0, object.bytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? object.bytes - 1 : Math.min(Number(last), object.bytes - 1)
  if (start > end) throw new ProblemError('range', `The file has ${object.bytes} bytes.`)
  return { start, end }
}

function getContentType(key: string): string | undefined {
  const extension = key.slice(key.lastIndexOf('.') + 1)
  return Object.hasOwn(CONTENT_TYPES, extension) ? CONTENT_TYPES[extension] : undefined
}

function createNotFoundError(): ProblemError {
  return new ProblemError('not_found', 'There is no such picture here.')
}

function createUnavailableError(cause: StoreError): ProblemError {
  const detail = 'The picture cannot be fetched from the store right now. Try again in a moment.'
  return new ProblemError('unavailable', detail, { cause, retryAfterSeconds: 5 })
}
