import type { ServerResponse } from 'node:http'
import { sleep } from '../../src/runtime/timers.ts'

/** A response of a fake, before a fault changes how it is sent. Bytes are sent as they are, everything else as JSON. */
export interface WireAnswer {
  status: number
  body: unknown
  headers?: Record<string, string>
}

/** Faults of how a response is sent. A submission is taken, and billed, all the same. */
const SENDING_FAULTS = [
  'slow',
  'hang',
  'cut-before-answer',
  'cut-after-headers',
  'cut-mid-body',
  'html',
  'huge-error',
  'invalid-json',
] as const

/** Faults of which a provider says how it refuses: no submission is taken. They strike every request. */
const REFUSAL_FAULTS = [
  'rate-limited',
  'rate-limited-until',
  'no-credit',
  'wrong-key',
  'no-permission',
  'unavailable',
  'redirect',
  'echo-key',
] as const

/** Faults of what a submission is answered with. Those of them that a provider refuses at once are in its table of refusals. */
const CONTENT_FAULTS = [
  'server-error',
  'content-refused',
  'output-refused',
  'setting-refused',
  'reference-refused',
  'model-gone',
  'wrong-count',
  'duplicate-answer',
  'empty-answer',
  'wrong-shape',
] as const

export const WIRE_FAULTS = [...SENDING_FAULTS, ...REFUSAL_FAULTS, ...CONTENT_FAULTS] as const

/** Returns whether a fault strikes submissions alone. */
export function isContentFault(fault: string): boolean {
  return CONTENT_FAULTS.some(name => name === fault)
}

const SLOW_MS = 300
const HUGE_CHUNK = Buffer.alloc(1_000_000, 'x')
const HUGE_CHUNKS = 50

/** Sends a response in the way of the fault. */
export async function sendWireAnswer(
  response: ServerResponse,
  { status, body, headers }: WireAnswer,
  { fault, signal }: { fault: string | null; signal: AbortSignal },
): Promise<void> {
  const isBytes = body instanceof Uint8Array
  const bytes = isBytes
    ? Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    : Buffer.from(JSON.stringify(body ?? {}))
  const all = { 'content-type': isBytes ? 'application/octet-stream' : 'application/json', ...headers }
  if (fault === 'slow') await sleep(SLOW_MS, signal)
  const send = SENDERS[fault ?? '']
  if (send) return await send(response, bytes, { signal, headers: all })
  sendBody(response, status, bytes, all)
}

type Sender = (
  response: ServerResponse,
  body: Buffer,
  options: { signal: AbortSignal; headers: Record<string, string> },
) => Promise<void> | void

const SENDERS: Partial<Record<string, Sender>> = {
  hang: () => undefined,
  // The response itself would send its headers when it is destroyed.
  'cut-before-answer': response => void response.socket?.destroy(),
  'cut-after-headers': (response, body, { headers }) => cut(response, body, 0, headers),
  'cut-mid-body': (response, body, { headers }) => cut(response, body, Math.floor(body.byteLength / 2), headers),
  html: response => sendBody(response, 200, Buffer.from('<html>Welcome</html>'), { 'content-type': 'text/html' }),
  'huge-error': async (response, _, { signal }) => {
    response.writeHead(400, { 'content-type': 'text/plain' })
    for (let sent = 0; sent < HUGE_CHUNKS && !signal.aborted; sent += 1)
      await new Promise(resolve => response.write(HUGE_CHUNK, resolve))
    response.end()
  },
  'invalid-json': (response, body, { headers }) =>
    sendBody(response, 200, body.subarray(0, body.lastIndexOf('}')), headers),
}

function cut(response: ServerResponse, body: Buffer, length: number, headers: Record<string, string>): void {
  response.writeHead(200, { ...headers, 'content-length': body.byteLength })
  if (length === 0) response.flushHeaders()
  // The headers are on their way before the connection is reset.
  response.write(body.subarray(0, Math.max(1, length)), () => setImmediate(() => response.destroy()))
}

function sendBody(response: ServerResponse, status: number, body: Buffer, headers: Record<string, string>): void {
  response.writeHead(status, { ...headers, 'content-length': body.byteLength }).end(body)
}
