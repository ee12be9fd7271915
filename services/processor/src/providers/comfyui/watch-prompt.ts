import type { WatchOptions } from '../adapter.ts'
import type { HttpClient } from '../http/http-client.ts'
import { assertNotLinkLocal } from '../http/link-local.ts'
import { parseBinaryFrame, parseTextFrame, type WatchEvent } from './watch-frames.ts'

/** Largest frame that is read, in bytes: a preview has some ten thousand. */
const MAX_FRAME_BYTES = 4_000_000
/** Asks for previews that name their prompt. */
const FEATURES = JSON.stringify({ type: 'feature_flags', data: { supports_preview_metadata: true } })

/**
 * Follows a prompt by the server's websocket until it has ended, the connection has, or the signal is aborted. It is a courtesy: nothing
 * depends on what it tells. Never throws.
 */
export async function watchPrompt(
  client: HttpClient,
  id: string,
  { indices, onProgress, onPreview }: WatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const url = new URL(`${client.baseUrl.replace(/\/+$/, '')}/ws?clientId=${id}`)
  const isAllowed = await assertNotLinkLocal(url, client, signal).then(
    () => true,
    () => false,
  )
  if (!isAllowed || signal.aborted) return
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new WebSocket(url, { headers: client.headers?.() ?? {} })
  socket.binaryType = 'arraybuffer'
  const ended = Promise.withResolvers<void>()
  socket.onopen = () => socket.send(FEATURES)
  socket.onclose = () => ended.resolve()
  socket.onerror = () => ended.resolve()
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    const event = parseFrame(data, id)
    if (event?.kind === 'progress') onProgress(event.fraction)
    // A prompt has one preview, of its first output.
    if (event?.kind === 'preview') onPreview(indices[0] ?? 0, event.bytes)
    if (event?.kind === 'ended') ended.resolve()
  }
  const stop = () => ended.resolve()
  signal.addEventListener('abort', stop, { once: true })
  await ended.promise
  signal.removeEventListener('abort', stop)
  socket.close()
  // A server that does not answer that, or is gone without a word, would keep the connection open.
  socket.terminate()
}

function parseFrame(data: string | ArrayBuffer, id: string): WatchEvent | undefined {
  if (typeof data === 'string') return data.length > MAX_FRAME_BYTES ? undefined : parseTextFrame(data, id)
  return data.byteLength > MAX_FRAME_BYTES ? undefined : parseBinaryFrame(new Uint8Array(data), id)
}
