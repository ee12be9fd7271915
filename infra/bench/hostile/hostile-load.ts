import { connect, type Socket } from 'node:net'
import { sleep } from '../../src/runtime/timers.ts'
import type { HostileImage } from './hostile-images.ts'

/** Bytes that the two slow uploads announce together. */
const ANNOUNCED_BYTES = 400_000_000
const DRIP_MS = 5_000

/** Uploads hostile images, all at once. @returns the statuses of the responses, once all are there */
export async function sendHostileImages(url: string, images: readonly HostileImage[]): Promise<number[]> {
  const uploads = images.map(async ({ bytes }) => {
    const body = new FormData()
    // A picture that is known already is not decoded again.
    body.append('file', new Blob([new Uint8Array(bytes), crypto.randomUUID()], { type: 'image/png' }), 'hostile.png')
    const response = await fetch(`${url}/api/references`, { method: 'POST', body })
    await response.arrayBuffer()
    return response.status
  })
  return await Promise.all(uploads)
}

/** Opens two uploads that send a byte every five seconds, and others when the studio has ended them, until disposed of. */
export function startDripping(url: string): AsyncDisposable {
  const stopping = new AbortController()
  const drips = [dripUpload(url, stopping.signal), dripUpload(url, stopping.signal)]
  return {
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      await Promise.all(drips)
    },
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
