import type { OutputState } from '@darkroom/contracts/enums'
import type { Database } from '@darkroom/infra/database/connection'
import { forwardStream, type OnWaiting } from '@darkroom/infra/http/forward-stream'
import { ProblemError } from '@darkroom/infra/http/problem'
import { type Store, StoreError } from '@darkroom/infra/store/store'
import { readDocuments } from '../list/documents.ts'
import { findRemoteOutput, serveRemoteMedia } from '../media/remote-media.ts'
import { formatAttachment } from './content-disposition.ts'
import { type OutputRow, readOutputRows } from './download-rows.ts'
import { nameOutput } from './file-names.ts'
import { openFile } from './open-file.ts'

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
  isHead: boolean
  signal: AbortSignal
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
 * @throws ProblemError `not_found` when there is no such output or no file of it, `unavailable` when it cannot be read now
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
  { withoutMetadata, isHead, onWaiting }: FileRequest,
  disposition: string,
): Promise<Response> {
  const headers = {
    ...HEADERS,
    'content-type': output.mimeType ?? 'application/octet-stream',
    'content-disposition': disposition,
  }
  const { key } = output
  if (isHead && key !== null) return new Response(null, { headers })
  const file = key === null ? null : await openStored(store, { ...output, key }, withoutMetadata)
  if (!file) throw new ProblemError('not_found', ABSENCES[output.state] ?? 'There is no file of it yet.')
  const body = file.body instanceof Blob ? file.body : forwardStream(file.body, onWaiting)
  return new Response(body, { headers: { ...headers, 'x-metadata': file.isCleaned ? 'removed' : 'unchanged' } })
}

/** Opens a stored output. @throws ProblemError `unavailable` when the store fails */
async function openStored(store: Store, output: { key: string; mimeType: string | null }, withoutMetadata: boolean) {
  try {
    return await openFile(store, output, { withoutMetadata })
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause
    const detail = 'The picture cannot be fetched from the store right now. Try again in a moment.'
    throw new ProblemError('unavailable', detail, { cause, retryAfterSeconds: 5 })
  }
}

async function respondRemote(deps: FileDeps, request: FileRequest, disposition: string): Promise<Response> {
  const { workspaceId, id, index, isHead, signal, onWaiting } = request
  if (isHead) return new Response(null, { headers: { ...HEADERS, 'content-disposition': disposition } })
  const remote = await findRemoteOutput(deps.database, workspaceId, id, index)
  const response = await serveRemoteMedia(remote, { allowOrigins: deps.allowOrigins, signal, onWaiting })
  response.headers.set('content-disposition', disposition)
  response.headers.set('x-metadata', 'unchanged')
  return response
}
