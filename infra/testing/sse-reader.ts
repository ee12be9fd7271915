import { connect, type Socket } from 'node:net'

export interface SseEvent {
  name: string | undefined
  id: string | undefined
  data: string
}

export interface EventStreamOptions {
  port: number
  lastEventId?: string | undefined
  /** Query string of the address. */
  search?: string
  headers?: Record<string, string>
  onEvent: (event: SseEvent) => void
  /** Called when the connection has ended, by either side. */
  onClose?: () => void
}

/** A connection to the event stream of a studio or of the query service, whose reading can be paused. */
export interface EventStream {
  pause(): void
  resume(): void
  close(): void
}

/** Opens a stream. A response that is not 200 ends it. */
export async function openEventStream(options: EventStreamOptions): Promise<EventStream> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket = connect(options.port, '127.0.0.1', resolve)
  socket.on('error', reject)
  socket.on('close', () => options.onClose?.())
  await promise
  parseEvents(socket, options.onEvent)
  const lastEventHeader = options.lastEventId === undefined ? '' : `Last-Event-ID: ${options.lastEventId}\r\n`
  const { host = `127.0.0.1:${options.port}`, ...others } = options.headers ?? {}
  const headers = [lastEventHeader, ...Object.entries(others).map(([name, value]) => `${name}: ${value}\r\n`)].join('')
  socket.write(
    `GET /api/events${options.search ?? ''} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n${headers}\r\n`,
  )
  return { pause: () => void socket.pause(), resume: () => void socket.resume(), close: () => void socket.destroy() }
}

function parseEvents(socket: Socket, onEvent: (event: SseEvent) => void): void {
  let text = ''
  const onText = (more: string) => {
    const blocks = (text + more).split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) onEvent(parseEvent(block))
  }
  const onHead = (head: string) => {
    // The server would keep the connection open for another request.
    if (!/^HTTP\/1\.1 200 /.test(head)) socket.destroy()
  }
  // A proxy ends the response and keeps the connection.
  socket.on('data', createChunkedDecoder({ onHead, onText, onEnd: () => void socket.destroy() }))
}

function parseEvent(block: string): SseEvent {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
  return { name: field('event'), id: field('id'), data: field('data') ?? '' }
}

interface ResponseParts {
  onHead: (head: string) => void
  onText: (text: string) => void
  onEnd: () => void
}

/** Decodes a chunked response. @see https://www.rfc-editor.org/rfc/rfc9112#section-7.1 */
function createChunkedDecoder({ onHead, onText, onEnd }: ResponseParts): (data: Buffer) => void {
  const decoder = new TextDecoder()
  let rest = Buffer.alloc(0)
  let part: 'head' | 'chunks' = 'head'
  const next = (): boolean => {
    const line = rest.indexOf(part === 'head' ? '\r\n\r\n' : '\r\n')
    if (line < 0) return false
    if (part === 'head') {
      part = 'chunks'
      onHead(rest.subarray(0, line).toString())
      rest = rest.subarray(line + 4)
      return true
    }
    const size = Number.parseInt(rest.subarray(0, line).toString(), 16)
    if (!(rest.length >= line + size + 4)) return false
    if (size === 0) onEnd()
    onText(decoder.decode(rest.subarray(line + 2, line + 2 + size), { stream: true }))
    rest = rest.subarray(line + size + 4)
    return true
  }
  return data => {
    rest = Buffer.concat([rest, data])
    while (next());
  }
}
