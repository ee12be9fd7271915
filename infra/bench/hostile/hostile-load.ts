import { connect, type Socket } from 'node:net'
import { sleep } from '../../src/runtime/timers.ts'
import type { HostileImage } from './hostile-images.ts'

/** Requests that are sent while another client uploads. They go on until it is disposed of. */
export interface HostileLoad extends AsyncDisposable {
  /** Number of hostile images that were answered, by status. */
  statuses: Map<number, number>
}

/** Bytes that the two slow uploads announce together. */
const ANNOUNCED_BYTES = 400_000_000
const DRIP_MS = 5_000

/** Uploads each of the images again and again, and opens two uploads that send a byte every five seconds. */
export async function startHostileLoad(url: string, images: readonly HostileImage[]): Promise<HostileLoad> {
  const stopping = new AbortController()
  const statuses = new Map<number, number>()
  const uploads = images.map(image => uploadRepeatedly(url, image, { statuses, signal: stopping.signal }))
  const drips = [dripUpload(url, stopping.signal), dripUpload(url, stopping.signal)]
  return {
    statuses,
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      await Promise.all([...uploads, ...drips])
    },
  }
}

async function uploadRepeatedly(
  url: string,
  { bytes }: HostileImage,
  { statuses, signal }: { statuses: Map<number, number>; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    const body = new FormData()
    // A picture that is known already is not decoded again.
    body.append('file', new Blob([new Uint8Array(bytes), crypto.randomUUID()], { type: 'image/png' }), 'hostile.png')
    const response = await fetch(`${url}/api/references`, { method: 'POST', body, signal }).catch(() => null)
    await response?.arrayBuffer().catch(() => null)
    if (response) statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
  }
}

/** Keeps an upload open that hardly arrives, and opens another when the studio has ended it. */
async function dripUpload(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const socket = openUpload(url)
    const closed = new AbortController()
    socket.on('close', () => closed.abort()).on('error', () => {})
    const ended = AbortSignal.any([signal, closed.signal])
    while (!ended.aborted) {
      socket.write('-')
      await sleep(DRIP_MS, ended)
    }
    socket.destroy()
  }
}

function openUpload(url: string): Socket {
  const { hostname, port, host } = new URL(url)
  const socket = connect(Number(port), hostname)
  const head = [
    'POST /api/references HTTP/1.1',
    `Host: ${host}`,
    'Content-Type: multipart/form-data; boundary=drip',
    `Content-Length: ${ANNOUNCED_BYTES / 2}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  return socket
}
