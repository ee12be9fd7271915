import type { Database } from '@darkroom/infra/database/connection'
import { forwardStream, type OnWaiting } from '@darkroom/infra/http/forward-stream'
import type { Log } from '@darkroom/infra/log'
import type { Store } from '@darkroom/infra/store/store'
import { formatAttachment } from './content-disposition.ts'
import type { DownloadSlots } from './download-slots.ts'
import { createEntries, type EntriesOptions } from './entries.ts'
import { type DownloadPlan, planDownload } from './plan.ts'
import { createZipWriter } from './zip-writer.ts'

export interface DownloadDeps {
  database: Database
  store: Store
  log: Log
  slots: DownloadSlots
}

export interface ZipRequest {
  workspaceId: string
  /** Generations and outputs, as `DownloadItem`. */
  ids: readonly string[]
  withoutMetadata: boolean
  isHead: boolean
  /** Aborts when the client goes away. */
  signal: AbortSignal
  onWaiting: OnWaiting
}

/**
 * Responds with a ZIP of outputs: their files byte for byte (or images without metadata), named by their prompts, and
 * `manifest.jsonl`. It is made while it is read, with one file open at a time. A failure of the store breaks the response off, which a
 * browser reports. `x-download-bytes` has the sum of the files' sizes: a stream has no length.
 *
 * @throws ProblemError `not_found` for an item that the workspace does not have; `too_many` when as many downloads of the workspace
 *   are under way as may be
 */
export async function respondZip(deps: DownloadDeps, request: ZipRequest): Promise<Response> {
  const { workspaceId, ids, isHead } = request
  if (isHead) return new Response(null, { headers: formatHeaders(await planDownload(deps.database, workspaceId, ids)) })
  const release = deps.slots.take(workspaceId)
  try {
    const plan = await planDownload(deps.database, workspaceId, ids)
    return new Response(streamZip(deps, plan, { ...request, release }), { headers: formatHeaders(plan) })
  } catch (error) {
    release()
    throw error
  }
}

function formatHeaders({ files, bytes }: DownloadPlan): Record<string, string> {
  const name = `darkroom-${new Date().toISOString().slice(0, 10)}-${files}.zip`
  return {
    'content-type': 'application/zip',
    'content-disposition': formatAttachment(name, name),
    'cache-control': 'no-store',
    'x-download-bytes': String(bytes),
  }
}

interface ZipStreamOptions extends Pick<ZipRequest, 'workspaceId' | 'withoutMetadata' | 'signal' | 'onWaiting'> {
  release: () => void
}

/**
 * Returns a ZIP as a stream, and gives its slot back when nothing more is read of it. Bun does not cancel the body of a client that has
 * gone before it was read, so the request's signal is followed, too.
 */
function streamZip(deps: DownloadDeps, { requested }: DownloadPlan, options: ZipStreamOptions) {
  const { release, signal, onWaiting } = options
  if (signal.aborted) release()
  signal.addEventListener('abort', release, { once: true })
  return forwardStream(createZipStream(deps, requested, options), onWaiting, release)
}

/** Returns a ZIP as a stream. Its cancellation closes the file that is open. */
function createZipStream(
  { database, store, log }: DownloadDeps,
  requested: DownloadPlan['requested'],
  request: Pick<EntriesOptions, 'workspaceId' | 'withoutMetadata'>,
): ReadableStream<Uint8Array> {
  const cancellation = new AbortController()
  const { signal } = cancellation
  const { workspaceId, withoutMetadata } = request
  const entries = createEntries(requested, { database, store, workspaceId, withoutMetadata, signal })
  const zip = createZipWriter(entries)
  return new ReadableStream({
    pull: async controller => {
      try {
        const chunks = await zip.read()
        if (chunks === undefined) return controller.close()
        for (const chunk of chunks) controller.enqueue(chunk)
      } catch (err) {
        if (!signal.aborted) log.warn({ err, workspaceId }, 'download_failed')
        throw err
      }
    },
    cancel: async reason => {
      cancellation.abort(reason)
      await zip.cancel(reason).catch(() => undefined)
    },
  })
}
