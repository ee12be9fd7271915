import type { Database } from '@darkroom/infra/database/connection'
import { forwardStream, type OnWaiting } from '@darkroom/infra/http/forward-stream'
import type { Log } from '@darkroom/infra/log'
import type { Store } from '@darkroom/infra/store/store'
import { makeZip } from 'client-zip'
import { formatAttachment } from './content-disposition.ts'
import { createEntries, type EntriesOptions } from './entries.ts'
import { type PlannedGeneration, planDownload } from './plan.ts'

export interface DownloadDeps {
  database: Database
  store: Store
  log: Log
}

export interface ZipRequest {
  workspaceId: string
  /** Generations and outputs, as `DownloadItem`. */
  ids: readonly string[]
  withoutMetadata: boolean
  isHead: boolean
  onWaiting: OnWaiting
}

/**
 * Responds with a ZIP of outputs: their files byte for byte (or images without metadata), named by their prompts, and
 * `manifest.jsonl`. It is made while it is read, with one file open at a time. A failure of the store breaks the response off, which a
 * browser reports. `x-download-bytes` has the sum of the files' sizes: a stream has no length.
 *
 * @throws ProblemError `not_found` for an item that the workspace does not have
 */
export async function respondZip(deps: DownloadDeps, request: ZipRequest): Promise<Response> {
  const { workspaceId, ids, withoutMetadata, isHead, onWaiting } = request
  const { generations, files, bytes } = await planDownload(deps.database, workspaceId, ids)
  const name = `darkroom-${new Date().toISOString().slice(0, 10)}-${files}.zip`
  const headers = {
    'content-type': 'application/zip',
    'content-disposition': formatAttachment(name, name),
    'cache-control': 'no-store',
    'x-download-bytes': String(bytes),
  }
  if (isHead) return new Response(null, { headers })
  return new Response(forwardStream(streamZip(deps, generations, { workspaceId, withoutMetadata }), onWaiting), {
    headers,
  })
}

/** Returns a ZIP as a stream. Its cancellation closes the file that is open. */
function streamZip(
  { database, store, log }: DownloadDeps,
  generations: readonly PlannedGeneration[],
  request: Pick<EntriesOptions, 'workspaceId' | 'withoutMetadata'>,
): ReadableStream<Uint8Array> {
  const cancellation = new AbortController()
  const { signal } = cancellation
  const entries = createEntries(generations, { database, store, ...request, signal })
  const reader = makeZip(entries).getReader()
  return new ReadableStream({
    pull: async controller => {
      try {
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      } catch (err) {
        if (!signal.aborted) log.warn({ err, workspaceId: request.workspaceId }, 'download_failed')
        throw err
      }
    },
    cancel: async reason => {
      cancellation.abort(reason)
      await reader.cancel(reason).catch(() => undefined)
    },
  })
}
