import type { OnWaiting } from '@darkroom/infra/http/forward-stream'
import { ProblemError } from '@darkroom/infra/http/problem'
import { untilAborted } from '@darkroom/infra/runtime/timers'
import { InvalidKeyError, type Store, type StoredObject, StoreError } from '@darkroom/infra/store/store'
import { respondFileBytes } from '../conditional/file-response.ts'

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

const ID_OR_HASH = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}/gi

/** A key names the same bytes permanently: a stored object is never overwritten. */
const IMMUTABLE = 'private, max-age=31536000, immutable'

/** Time in which a response begins, in ms. */
const RESPONSE_MS = 4_500

const HEADERS = {
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
}

export interface MediaDeps {
  store: Store
  /** Returns the key of the reference that a preview key belongs to, if it is one. */
  findPreviewSource(key: string): Promise<string | undefined>
  onWaiting: OnWaiting
  /** Time in which a response begins, in ms; 4.5 s unless given. */
  responseMs?: number
}

/**
 * Serves an object, whole or the requested range. For a preview that does not exist yet the original reference is served, to
 * be revalidated before the next use.
 *
 * @param path of the key, as in `/media/<key>`, decoded
 * @throws ProblemError `not_found` when the object does not exist or belongs to another workspace; `unavailable` when the store does not
 *   respond; what `respondFileBytes` throws
 */
export async function serveMedia(
  deps: MediaDeps,
  workspaceId: string,
  path: string,
  request: Request,
): Promise<Response> {
  const key = normalizeKey(path)
  if (!key.startsWith(`w/${workspaceId}/`)) throw createNotFoundError()
  const read = createStoreReader(deps.responseMs)
  const response = await serveObject({ ...deps, read }, key, IMMUTABLE, request)
  if (response) return response
  const source = await deps.findPreviewSource(key)
  const fallback =
    source === undefined ? undefined : await serveObject({ ...deps, read }, source, 'private, no-cache', request)
  if (!fallback) throw createNotFoundError()
  return fallback
}

async function serveObject(
  { store, onWaiting, read }: MediaDeps & { read: StoreReader },
  key: string,
  cacheControl: string,
  request: Request,
): Promise<Response | undefined> {
  const type = getContentType(key)
  const object = type === undefined ? null : await read(signal => store.head(key, { signal }))
  if (!object || type === undefined) return undefined
  return await respondFileBytes(request, {
    ...object,
    etag: createObjectTag(key, object),
    headers: { ...HEADERS, 'cache-control': cacheControl, 'content-type': type },
    open: async range => (await read(signal => store.get(key, { signal, ...(range ? { range } : {}) })))?.body ?? null,
    onWaiting,
  })
}

/** Returns the entity tag of an object. A key names the same bytes permanently. */
export function createObjectTag(key: string, { bytes }: StoredObject): string {
  return `"${Bun.hash(key).toString(36)}-${bytes.toString(36)}"`
}

/** Returns the key in a path `/media/<key>`; undefined for any other path. */
export function parseMediaKey(path: string): string | undefined {
  const [, key] = /^\/media\/(?!remote\/)([A-Za-z0-9._/-]+)$/.exec(path) ?? []
  return key
}

/** Returns a key with the ids and hashes in it as they are written everywhere else: in small letters. */
function normalizeKey(key: string): string {
  return key.replace(ID_OR_HASH, text => text.toLowerCase())
}

/** Reads from the store; null for a key that is not valid. @throws ProblemError `unavailable` when the store fails */
type StoreReader = <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T | null>

/** Creates the reader of one request. All that it reads before the response has one deadline: a page waits for many pictures at once. */
function createStoreReader(milliseconds = RESPONSE_MS): StoreReader {
  const ended = AbortSignal.timeout(milliseconds)
  return async work => {
    try {
      // The store ends its request, and so frees the connection. The wait ends even where it does not.
      return await untilAborted(work(ended), ended)
    } catch (error) {
      if (error instanceof InvalidKeyError) return null
      if (error instanceof StoreError || ended.aborted) throw createUnavailableError(error)
      throw error
    }
  }
}

function getContentType(key: string): string | undefined {
  const extension = key.slice(key.lastIndexOf('.') + 1)
  return Object.hasOwn(CONTENT_TYPES, extension) ? CONTENT_TYPES[extension] : undefined
}

function createNotFoundError(): ProblemError {
  return new ProblemError('not_found', 'There is no such picture here.')
}

function createUnavailableError(cause: unknown): ProblemError {
  const detail = 'The picture cannot be fetched from the store right now. Try again in a moment.'
  return new ProblemError('unavailable', detail, { cause, retryAfterSeconds: 5 })
}
