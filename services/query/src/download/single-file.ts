import type { OutputState } from '@darkroom/contracts/enums'
import type { Database } from '@darkroom/infra/database/connection'
import type { OnWaiting } from '@darkroom/infra/http/forward-stream'
import { ProblemError } from '@darkroom/infra/http/problem'
import { type ByteRange, type Store, type StoredObject, StoreError } from '@darkroom/infra/store/store'
import { respondFileBytes } from '../conditional/file-response.ts'
import { readDocuments } from '../list/documents.ts'
import { createObjectTag } from '../media/media.ts'
import { findRemoteOutput, serveRemoteMedia } from '../media/remote-media.ts'
import { formatAttachment } from './content-disposition.ts'
import { type OutputRow, readOutputRows } from './download-rows.ts'
import { nameOutput } from './file-names.ts'
import { isCleanable, openFile } from './open-file.ts'

export interface FileDeps {
  database: Database
  store: Store
  /** Origins on private addresses that provider outputs may come from. */
  allowOrigins: readonly string[]
}

export interface FileRequest {
  workspaceId: string
  id: string
  index: number
  withoutMetadata: boolean
  request: Request
  onWaiting: OnWaiting
}

const HEADERS = { 'cache-control': 'private, no-cache', 'content-security-policy': "default-src 'none'; sandbox" }

/** Sentences about outputs that have no file. */
const ABSENCES: Partial<Record<OutputState, string>> = {
  lost: 'It was not saved from where it was made, so that there is no file.',
  failed: 'It was not made, so that there is no file.',
  deleted: 'It was deleted.',
}

/**
 * Responds with the file of one output, to be saved by the name that its prompt gives it. `x-metadata` says whether metadata was
 * `removed`, or is `unchanged`. A temporary output is fetched from its provider.
 *
 * @throws ProblemError `not_found` when there is no such output or no file of it, `unavailable` when it cannot be read now; what
 *   `respondFileBytes` throws
 */
export async function respondFile(deps: FileDeps, request: FileRequest): Promise<Response> {
  const { workspaceId, id, index } = request
  const [rows, documents] = await Promise.all([
    readOutputRows(deps.database, workspaceId, [id]),
    readDocuments(deps.database, { workspaceId, ids: [id] }),
  ])
  const output = rows.get(id)?.find(row => row.index === index)
  const document = documents.get(id)
  if (!output || document === undefined) throw new ProblemError('not_found', 'There is no such picture here.')
  const { prompt }: { prompt: string } = JSON.parse(document)
  const fallback = nameOutput('', output)
  const disposition = formatAttachment(nameOutput(prompt, output), fallback)
  if (output.state === 'temporary') return await respondRemote(deps, request, disposition)
  return await respondStored(deps.store, output, request, disposition)
}

async function respondStored(
  store: Store,
  output: OutputRow,
  { withoutMetadata, request, onWaiting }: FileRequest,
  disposition: string,
): Promise<Response> {
  const { key } = output
  const object = key === null ? null : await readStore(() => store.head(key))
  if (key === null || !object) throw createAbsentError(output)
  const headers = {
    ...HEADERS,
    'content-type': output.mimeType ?? 'application/octet-stream',
    'content-disposition': disposition,
  }
  const etag = createObjectTag(key, object)
  // What is opened and not read would keep its connection to the store.
  const cleaned =
    withoutMetadata && isCleanable(output, object)
      ? await readStore(() => openFile(store, { ...output, key }, { withoutMetadata }))
      : null
  const file =
    cleaned?.isCleaned && cleaned.body instanceof Blob
      ? serveBlob(cleaned.body, { ...object, etag: etag.replace(/"$/, '-clean"') })
      : serveObject(store, key, { ...object, etag })
  const metadata = cleaned?.isCleaned ? 'removed' : 'unchanged'
  const response = await respondFileBytes(request, {
    ...file,
    headers: { ...headers, 'x-metadata': metadata },
    onWaiting,
  })
  if (!response) throw createAbsentError(output)
  return response
}

/** Returns the bytes of a stored object, and how they are read. */
function serveObject(store: Store, key: string, object: StoredObject & { etag: string }) {
  return {
    ...object,
    open: async (range: ByteRange | null) =>
      (await readStore(() => store.get(key, range ? { range } : {})))?.body ?? null,
  }
}

/** Returns the bytes of an object without its metadata. */
function serveBlob(blob: Blob, object: StoredObject & { etag: string }) {
  return {
    ...object,
    bytes: blob.size,
    open: async (range: ByteRange | null) => (range ? blob.slice(range.start, range.end + 1) : blob),
  }
}

function createAbsentError({ state }: OutputRow): ProblemError {
  return new ProblemError('not_found', ABSENCES[state] ?? 'There is no file of it yet.')
}

/** Reads from the store. @throws ProblemError `unavailable` when it fails */
async function readStore<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause
    const detail = 'The picture cannot be fetched from the store right now. Try again in a moment.'
    throw new ProblemError('unavailable', detail, { cause, retryAfterSeconds: 5 })
  }
}

async function respondRemote(deps: FileDeps, options: FileRequest, disposition: string): Promise<Response> {
  const { workspaceId, id, index, request, onWaiting } = options
  const remote = await findRemoteOutput(deps.database, workspaceId, id, index)
  const response = await serveRemoteMedia(remote, { allowOrigins: deps.allowOrigins, request, onWaiting })
  response.headers.set('content-disposition', disposition)
  response.headers.set('x-metadata', 'unchanged')
  return response
}
