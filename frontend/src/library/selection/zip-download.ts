import { createSignal } from 'solid-js'
import { describeProblem, toRequestError, UNREACHABLE_MESSAGE, UnavailableError } from '../../request-error.ts'
import { saveFile } from '../../ui/save-file.ts'

export interface ZipDownloadOptions {
  notify: (message: string) => void
}

/** Progress of a download. */
export interface DownloadProgress {
  receivedBytes: number
  /** Bytes that are expected; null if they are not known. */
  totalBytes: number | null
}

/** The files of a download. */
export interface ZipRequest {
  /** Ids of generations, and of single outputs as `<id>.<index>`. */
  ids: readonly string[]
  totalBytes: number | null
}

/** A larger ZIP is left to the browser, which shows its progress and writes it to the disk as it arrives. */
const MAX_BYTES_IN_PAGE = 512_000_000
/** Bytes that the page has in memory. What has arrived before is in blobs, which the browser writes to the disk. */
const BLOB_BYTES = 32_000_000
/** Longer addresses are refused by some proxies. */
const MAX_URL_LENGTH = 8_000
const STALL_MS = 30_000

/** Creates the download of many files as one ZIP, with its progress. It can be stopped. */
export function createZipDownload({ notify }: ZipDownloadOptions) {
  const [progress, setProgress] = createSignal<DownloadProgress | null>(null)
  let stopped: AbortController | undefined

  async function start(request: ZipRequest) {
    const link = `/api/download?ids=${request.ids.join(',')}`
    const isLarge = (request.totalBytes ?? 0) > MAX_BYTES_IN_PAGE
    if (isLarge && link.length <= MAX_URL_LENGTH) return saveFile(link, '')
    stopped = new AbortController()
    const { signal } = stopped
    setProgress({ receivedBytes: 0, totalBytes: request.totalBytes })
    try {
      const { blob, name } = await receiveZip(request, { signal, onProgress: setProgress })
      saveBlob(blob, name)
      notify(`Downloaded ${name}.`)
    } catch (error) {
      // It is also stopped by the end of the selection: nobody may think that it was saved.
      notify(signal.aborted ? 'The download was stopped.' : `The download did not finish: ${describeProblem(error)}`)
    } finally {
      setProgress(null)
    }
  }

  return { progress, start, stop: () => stopped?.abort() }
}

interface ReceiveOptions {
  signal: AbortSignal
  onProgress: (progress: DownloadProgress) => void
}

async function receiveZip({ ids, totalBytes }: ZipRequest, { signal, onProgress }: ReceiveOptions) {
  const stall = createStallTimer(signal)
  try {
    const response = await requestZip(ids, stall.signal)
    const blobs: Blob[] = []
    let chunks: Uint8Array<ArrayBuffer>[] = []
    let [receivedBytes, blobBytes] = [0, 0]
    for (const reader = response.body?.getReader(); reader; ) {
      const { done, value } = await reader.read()
      if (done) break
      stall.reset()
      chunks.push(value)
      receivedBytes += value.byteLength
      onProgress({ receivedBytes, totalBytes })
      if (receivedBytes - blobBytes < BLOB_BYTES) continue
      blobs.push(new Blob(chunks))
      chunks = []
      blobBytes = receivedBytes
    }
    return { blob: new Blob([...blobs, ...chunks], { type: 'application/zip' }), name: parseFileName(response) }
  } catch (error) {
    throw error instanceof TypeError ? new UnavailableError(UNREACHABLE_MESSAGE, { cause: error }) : error
  } finally {
    stall.stop()
  }
}

async function requestZip(ids: readonly string[], signal: AbortSignal): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch('/api/download', { method: 'POST', headers, body: JSON.stringify({ ids }), signal })
  if (response.ok) return response
  const body: unknown = await response.json().catch(() => null)
  throw toRequestError({ status: response.status, body, retryAfter: response.headers.get('retry-after') })
}

/** Creates a signal that aborts with another one, or when nothing has arrived for a while. */
function createStallTimer(signal: AbortSignal) {
  const stalled = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const reset = () => {
    clearTimeout(timer)
    timer = setTimeout(() => stalled.abort(new UnavailableError('Nothing has arrived for a while.')), STALL_MS)
  }
  reset()
  return { signal: AbortSignal.any([signal, stalled.signal]), reset, stop: () => clearTimeout(timer) }
}

function parseFileName({ headers }: Response): string {
  const disposition = headers.get('content-disposition') ?? ''
  return /filename="([^"/\\]+)"/.exec(disposition)?.[1] ?? 'darkroom.zip'
}

function saveBlob(blob: Blob, name: string) {
  const url = URL.createObjectURL(blob)
  saveFile(url, name)
  setTimeout(() => URL.revokeObjectURL(url), STALL_MS)
}
