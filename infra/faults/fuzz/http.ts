import { connect } from 'node:net'

/** A request exactly as it is sent: nothing is normalized. */
export interface WireRequest {
  method: string
  /** The request target, verbatim. */
  target: string
  /** Latin-1, in order. `Host` and what frames the body are added unless they are here. */
  headers: readonly (readonly [string, string])[]
  body: Uint8Array
  /** Framing of the body; `none` adds no header. */
  framing: 'length' | 'chunked' | 'none'
}

export interface HttpResponse {
  status: number
  headers: Headers
  body: Buffer
}

/** The result of a request: a response, or the reason why there is none. */
export type Outcome = HttpResponse | { status: 'closed' | 'timeout' | 'unreadable' }

const LAST_CHUNK = Buffer.from('0\r\n\r\n')

/** Sends a request on a connection of its own. @param milliseconds time limit, after which the outcome is `timeout` */
export async function sendRequest(port: number, request: WireRequest, milliseconds = 60_000): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const reader = createResponseReader(request.method)
  const socket = connect(port, '127.0.0.1')
  const timer = setTimeout(() => resolve({ status: 'timeout' }), milliseconds)
  const finish = () => resolve(reader.end())
  socket.on('data', chunk => {
    // A response may come before the whole request is sent. Sending stops then.
    const response = reader.push(chunk as Buffer)
    if (response) resolve(response)
  })
  socket.on('end', finish).on('close', finish).on('error', finish)
  socket.write(serializeRequest(request, port))
  return await promise.finally(() => {
    clearTimeout(timer)
    socket.destroy()
  })
}

/** Returns the bytes of a request. @param port of the studio, for the `Host` header */
export function serializeRequest(request: WireRequest, port: number): Buffer {
  const given = new Set(request.headers.map(([name]) => name.toLowerCase()))
  const usual: (readonly [string, string])[] = [['Host', `localhost:${port}`], ...framingHeaders(request)]
  const headers = [...usual.filter(([name]) => !given.has(name.toLowerCase())), ...request.headers]
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = `${request.method} ${request.target} HTTP/1.1\r\n${lines}\r\n`
  return Buffer.concat([
    Buffer.from(head, 'latin1'),
    request.framing === 'chunked' ? encodeChunked(request.body) : request.body,
  ])
}

function framingHeaders({ framing, body }: WireRequest): [string, string][] {
  if (framing === 'chunked') return [['Transfer-Encoding', 'chunked']]
  return framing === 'length' && body.byteLength > 0 ? [['Content-Length', String(body.byteLength)]] : []
}

function encodeChunked(body: Uint8Array): Buffer {
  const half = Math.ceil(body.byteLength / 2)
  const pieces = [body.subarray(0, half), body.subarray(half)].filter(piece => piece.byteLength > 0)
  const framed = pieces.flatMap(piece => [
    Buffer.from(`${piece.byteLength.toString(16)}\r\n`),
    piece,
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...framed, Buffer.from('0\r\n\r\n')])
}

interface ResponseReader {
  /** Adds bytes. @returns the response once it is complete */
  push(chunk: Buffer): HttpResponse | undefined
  /** Returns the outcome when the connection has ended. */
  end(): Outcome
}

function createResponseReader(method: string): ResponseReader {
  const chunks: Buffer[] = []
  let length = 0
  /** Length below which the response cannot be complete. It saves parsing a large response with every chunk. */
  let minLength = 0
  const parse = () => parseResponse(Buffer.concat(chunks), method)
  return {
    push: chunk => {
      chunks.push(chunk)
      length += chunk.byteLength
      if (length < minLength && !endsInLastChunk(chunks)) return undefined
      const response = parse()
      if (!response) minLength = findMinLength(Buffer.concat(chunks))
      return response
    },
    end: () => parse() ?? { status: chunks.length === 0 ? 'closed' : 'unreadable' },
  }
}

/** Returns the length that an incomplete response needs, by its head; infinite in chunks, whose end is searched for. */
function findMinLength(bytes: Buffer): number {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return bytes.byteLength + 1
  const head = bytes.subarray(0, end).toString('latin1')
  if (/^transfer-encoding: *chunked/im.test(head)) return Number.POSITIVE_INFINITY
  return end + 4 + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
}

function endsInLastChunk(chunks: Buffer[]): boolean {
  return Buffer.concat(chunks.slice(-LAST_CHUNK.byteLength)).subarray(-LAST_CHUNK.byteLength).equals(LAST_CHUNK)
}

/** Parses a response. @returns undefined while it is incomplete */
function parseResponse(bytes: Buffer, method: string): HttpResponse | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  const [first = '', ...lines] = bytes.subarray(0, Math.max(0, end)).toString('latin1').split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1])
  if (end === -1 || Number.isNaN(status)) return undefined
  const rest = bytes.subarray(end + 4)
  if (status < 200) return parseResponse(rest, method)
  const headers = new Headers(lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
  const body = method === 'HEAD' || status === 304 ? Buffer.of() : readBody(rest, headers)
  return body && { status, headers, body }
}

function readBody(bytes: Buffer, headers: Headers): Buffer | undefined {
  if (headers.get('transfer-encoding') === 'chunked') return decodeChunked(bytes)
  const length = Number(headers.get('content-length') ?? 0)
  return bytes.byteLength < length ? undefined : bytes.subarray(0, length)
}

/** Decodes a chunked body. @returns undefined while it is incomplete */
function decodeChunked(bytes: Buffer): Buffer | undefined {
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
