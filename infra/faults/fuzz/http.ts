import { connect } from 'node:net'

/** A request as it goes over the wire: nothing of it is put right on the way. */
export interface WireRequest {
  method: string
  /** What stands between the method and the version, as it is. */
  target: string
  /** Latin-1, in order. `Host` and what frames the body are added unless they are here. */
  headers: readonly (readonly [string, string])[]
  body: Uint8Array
  /** How the end of the body is told; `untold` if the headers say what they say. */
  framing: 'length' | 'chunked' | 'untold'
}

export interface Answer {
  status: number
  headers: Headers
  body: Buffer
}

/** What became of a request: an answer, or why there is none. */
export type Outcome = Answer | { status: 'closed' | 'late' | 'unreadable' }

const LAST_CHUNK = Buffer.from('0\r\n\r\n')

/** Sends a request on a connection of its own. @param milliseconds after which nobody waits any more: `late` */
export async function exchange(port: number, request: WireRequest, milliseconds = 30_000): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const reader = createReader(request.method)
  const socket = connect(port, '127.0.0.1')
  const timer = setTimeout(() => resolve({ status: 'late' }), milliseconds)
  const finish = () => resolve(reader.rest())
  socket.on('data', chunk => {
    // It may come before all is sent; then nothing more is.
    const answer = reader.take(chunk as Buffer)
    if (answer) resolve(answer)
  })
  socket.on('end', finish).on('close', finish).on('error', finish)
  socket.write(bytesOf(request, port))
  return await promise.finally(() => {
    clearTimeout(timer)
    socket.destroy()
  })
}

/** The bytes that a request is. @param port of the studio, for the `Host` that it answers to */
export function bytesOf(request: WireRequest, port: number): Buffer {
  const given = new Set(request.headers.map(([name]) => name.toLowerCase()))
  const usual: (readonly [string, string])[] = [['Host', `localhost:${port}`], ...frame(request)]
  const headers = [...usual.filter(([name]) => !given.has(name.toLowerCase())), ...request.headers]
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = `${request.method} ${request.target} HTTP/1.1\r\n${lines}\r\n`
  return Buffer.concat([
    Buffer.from(head, 'latin1'),
    request.framing === 'chunked' ? chunked(request.body) : request.body,
  ])
}

function frame({ framing, body }: WireRequest): [string, string][] {
  if (framing === 'chunked') return [['Transfer-Encoding', 'chunked']]
  return framing === 'length' && body.byteLength > 0 ? [['Content-Length', String(body.byteLength)]] : []
}

function chunked(body: Uint8Array): Buffer {
  const half = Math.ceil(body.byteLength / 2)
  const pieces = [body.subarray(0, half), body.subarray(half)].filter(piece => piece.byteLength > 0)
  const framed = pieces.flatMap(piece => [
    Buffer.from(`${piece.byteLength.toString(16)}\r\n`),
    piece,
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...framed, Buffer.from('0\r\n\r\n')])
}

interface Reader {
  /** The answer, once it is whole. */
  take(chunk: Buffer): Answer | undefined
  /** What there is when nothing more comes. */
  rest(): Outcome
}

function createReader(method: string): Reader {
  const chunks: Buffer[] = []
  let length = 0
  /** Shorter than this it cannot be whole: a large answer is put together once, not with each piece that comes. */
  let least = 0
  const whole = () => readAnswer(Buffer.concat(chunks), method)
  return {
    take: chunk => {
      chunks.push(chunk)
      length += chunk.byteLength
      if (length < least && !endsInLastChunk(chunks)) return undefined
      const answer = whole()
      if (!answer) least = leastLength(Buffer.concat(chunks))
      return answer
    },
    rest: () => whole() ?? { status: chunks.length === 0 ? 'closed' : 'unreadable' },
  }
}

/** How long an answer that is not whole must become: as its head tells; in chunks nobody knows, so their end is looked for. */
function leastLength(bytes: Buffer): number {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return bytes.byteLength + 1
  const head = bytes.subarray(0, end).toString('latin1')
  if (/^transfer-encoding: *chunked/im.test(head)) return Number.POSITIVE_INFINITY
  return end + 4 + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
}

function endsInLastChunk(chunks: Buffer[]): boolean {
  return Buffer.concat(chunks.slice(-LAST_CHUNK.byteLength)).subarray(-LAST_CHUNK.byteLength).equals(LAST_CHUNK)
}

/** Undefined as long as something is missing. */
function readAnswer(bytes: Buffer, method: string): Answer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  const [first = '', ...lines] = bytes.subarray(0, Math.max(0, end)).toString('latin1').split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1])
  if (end === -1 || Number.isNaN(status)) return undefined
  const rest = bytes.subarray(end + 4)
  if (status < 200) return readAnswer(rest, method)
  const headers = new Headers(lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
  const body = method === 'HEAD' || status === 304 ? Buffer.of() : bodyOf(rest, headers)
  return body && { status, headers, body }
}

function bodyOf(bytes: Buffer, headers: Headers): Buffer | undefined {
  if (headers.get('transfer-encoding') === 'chunked') return unchunked(bytes)
  const length = Number(headers.get('content-length') ?? 0)
  return bytes.byteLength < length ? undefined : bytes.subarray(0, length)
}

/** What was sent in chunks, or undefined as long as something is missing. */
function unchunked(bytes: Buffer): Buffer | undefined {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at)
    const length = Number.parseInt(bytes.subarray(at, end).toString('latin1'), 16)
    if (end === -1 || Number.isNaN(length) || bytes.byteLength < end + 2 + length + 2) return undefined
    if (length === 0) return Buffer.concat(chunks)
    chunks.push(bytes.subarray(end + 2, end + 2 + length))
    at = end + 2 + length + 2
  }
}
