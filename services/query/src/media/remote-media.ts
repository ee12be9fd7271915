import { mediaUrl } from '@darkroom/contracts/routes'
import type { Queryable } from '@darkroom/infra/database/connection'
import { forwardStream, type OnWaiting } from '@darkroom/infra/http/forward-stream'
import { ProblemError } from '@darkroom/infra/http/problem'
import { type RequestedRange, type SafeResponse, safeGet } from '@darkroom/infra/http/safe-get/safe-get'
import { isRefusal, SafeGetError } from '@darkroom/infra/http/safe-get/safe-get-error'
import { createRangeError } from '../conditional/byte-range.ts'
import { isNotModified } from '../conditional/conditions.ts'
import { describeRemote, parseContentRange, readSize } from './remote-headers.ts'

/** Source of media that is not in the store: a temporary output at its provider, or the reference of an old row. */
export interface RemoteMedia {
  url: string
  /** Whether it is fetched with the key of its connection, which query does not have. */
  needsAuth: boolean
  /** Address of the connection that made it: outputs may be on a user's own server. */
  baseUrl: string | null
  /** Key in the store, once it has been stored. */
  key: string | null
  /** Whether a call of this studio was answered with it: then the private addresses that are allowed to providers may be fetched. */
  isFromCall: boolean
}

export interface RemoteOptions {
  request: Request
  allowOrigins: readonly string[]
  onWaiting: OnWaiting
}

const MAX_BYTES = 500_000_000
const DEADLINE_MS = 120_000
const ALLOWED_TYPES = /^(image\/(png|jpeg|webp|avif|gif)|video\/(mp4|webm))$/
/** A range that is not open at both ends. */
const SINGLE_RANGE = /^bytes=(?:(\d+)-(\d*)|-\d+)$/
const NOT_FOUND_STATUSES: readonly unknown[] = [403, 404, 410]

const HEADERS = {
  'cache-control': 'private, max-age=300',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
}

/** Finds the source of a temporary output of a workspace; undefined if there is none. */
export async function findRemoteOutput(db: Queryable, workspaceId: string, id: string, index: number) {
  const [row] = await db<RemoteMedia[]>`
    select o.provider_url as url, o.needs_auth as "needsAuth", c.base_url as "baseUrl", o.key, o.from_call as "isFromCall"
    from generation_outputs o join generations g on g.id = o.generation_id and g.workspace_id = o.workspace_id
      left join connections c on c.id = g.provider and exists (
        select from provider_calls p where p.generation_id = g.id and p.workspace_id = g.workspace_id)
    where g.id = ${id} and g.workspace_id = ${workspaceId} and o.index = ${index} and o.state in ('temporary', 'stored')
      and o.provider_url is not null`
  return row
}

/** Finds the source of a reference that an old row has by URL only; undefined if there is none. */
export async function findRemoteReference(db: Queryable, workspaceId: string, id: string, position: number) {
  const [row] = await db<RemoteMedia[]>`
    select r.url, false as "needsAuth", null as "baseUrl", null as key, false as "isFromCall"
    from generation_references r join generations g on g.id = r.generation_id and g.workspace_id = r.workspace_id
    where g.id = ${id} and g.workspace_id = ${workspaceId} and r.position = ${position} and r.url is not null`
  return row
}

/**
 * Proxies remote media: browsers send no requests to other hosts. Only images and videos pass, with the content type that they
 * declare. Media that has been stored meanwhile is a redirect. Ranges are those of the server that has it, and so are the versions on
 * which a request makes conditions. HEAD reads no bytes.
 *
 * @throws ProblemError `not_found` when it no longer exists, `fetch_refused` when the studio does not fetch it, `unavailable` when it cannot be
 *   fetched now; `range`; `precondition_failed`
 */
export async function serveRemoteMedia(remote: RemoteMedia | undefined, options: RemoteOptions): Promise<Response> {
  if (!remote) throw new ProblemError('not_found', 'There is no such picture here.')
  if (remote.key !== null) return new Response(null, { status: 307, headers: { location: mediaUrl(remote.key) } })
  if (remote.needsAuth) {
    throw new ProblemError('unavailable', 'It is being saved, and can be shown after that.', { retryAfterSeconds: 5 })
  }
  const response = await fetchRemote(remote, options)
  try {
    return respondFetched(response, options)
  } catch (error) {
    await response.body.cancel()
    throw error
  }
}

async function fetchRemote(remote: RemoteMedia, { request, allowOrigins }: RemoteOptions): Promise<SafeResponse> {
  const range = readRange(request)
  try {
    return await safeGet(remote.url, {
      maxBytes: MAX_BYTES,
      deadlineMs: DEADLINE_MS,
      accept: ALLOWED_TYPES,
      signal: request.signal,
      allowOrigins: listAllowedOrigins(remote, allowOrigins),
      ...(range && { range }),
    })
  } catch (error) {
    throw error instanceof SafeGetError ? toProblemError(error) : error
  }
}

function respondFetched(response: SafeResponse, { request, onWaiting }: RemoteOptions): Response {
  const { contentLength, mimeType } = response
  const { validators, headers } = describeRemote(response.headers)
  const length = contentLength === null ? {} : { 'content-length': String(contentLength) }
  const isUnmodified = isNotModified(request, validators)
  if (isUnmodified || request.method === 'HEAD') {
    void response.body.cancel()
    const described = { ...HEADERS, ...headers, 'content-type': mimeType }
    if (isUnmodified) return new Response(null, { status: 304, headers: described })
    return new Response(null, { headers: { ...described, ...length } })
  }
  const part = readPart(response, request)
  return new Response(forwardStream(response.body, onWaiting), {
    status: part ? 206 : 200,
    headers: { ...HEADERS, ...headers, ...part, ...length, 'content-type': mimeType },
  })
}

/** Returns the headers of a part of a file; undefined for the whole. @throws ProblemError `unavailable` for a part that was not requested */
function readPart({ status, headers }: SafeResponse, request: Request): Record<string, string> | undefined {
  if (status !== 206) return undefined
  const part = readRange(request) && parseContentRange(headers['content-range'])
  if (!part) throw new ProblemError('unavailable', 'The server that has it sent another part than was asked for.')
  return part
}

/** Returns the range that a request asks for; undefined unless it is a single one. */
function readRange({ method, headers }: Request): RequestedRange | undefined {
  const [range, first, last] = SINGLE_RANGE.exec(headers.get('range')?.trim() ?? '') ?? []
  if (method !== 'GET' || range === undefined || (last && Number(last) < Number(first))) return undefined
  const ifRange = headers.get('if-range')
  return ifRange ? { range, 'if-range': ifRange } : { range }
}

function listAllowedOrigins({ isFromCall, baseUrl }: RemoteMedia, allowOrigins: readonly string[]): string[] {
  if (!isFromCall) return []
  return [...allowOrigins, ...(baseUrl === null ? [] : [new URL(baseUrl).origin])]
}

function toProblemError(error: SafeGetError): ProblemError {
  if (NOT_FOUND_STATUSES.includes(error.status)) {
    return new ProblemError('not_found', 'It is no longer where it was made, and was not saved before.', {
      cause: error,
    })
  }
  if (error.status === 416) return createRangeError(readSize(error.headers['content-range']))
  if (isRefusal(error)) {
    return new ProblemError('fetch_refused', `The studio does not fetch this: ${error.message}`, { cause: error })
  }
  return new ProblemError('unavailable', `It cannot be shown right now: ${error.message}`, {
    cause: error,
    retryAfterSeconds: 5,
  })
}
