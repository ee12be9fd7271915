import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** The server's end of a websocket, as far as the fake needs it: it sends frames, and ends when the client does. */
export interface ServerSocket {
  sendText(text: string): void
  sendBinary(bytes: Uint8Array): void
  /** Ends the connection without a word. */
  cut(): void
}

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const [TEXT, BINARY] = [0x81, 0x82]
const CLOSE = 8

/** Accepts an upgrade to a websocket. @see https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2 */
export function acceptWebSocket(request: IncomingMessage, socket: Duplex): ServerSocket {
  const key = `${request.headers['sec-websocket-key']}${GUID}`
  const accept = createHash('sha1').update(key).digest('base64')
  socket.on('error', () => {})
  socket.on('data', (frame: Buffer) => {
    if (((frame[0] ?? 0) & 0x0f) === CLOSE) socket.end()
  })
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  const send = (opcode: number, payload: Uint8Array) => {
    if (!socket.destroyed) socket.write(Buffer.concat([createHeader(opcode, payload.byteLength), payload]))
  }
  return {
    sendText: text => send(TEXT, Buffer.from(text)),
    sendBinary: bytes => send(BINARY, bytes),
    cut: () => socket.destroy(),
  }
}

/** Returns the header of a frame that is not masked. @see https://www.rfc-editor.org/rfc/rfc6455#section-5.2 */
function createHeader(opcode: number, length: number): Uint8Array {
  if (length < 126) return Uint8Array.of(opcode, length)
  const header = Buffer.alloc(length < 65_536 ? 4 : 10)
  header[0] = opcode
  header[1] = length < 65_536 ? 126 : 127
  if (length < 65_536) header.writeUInt16BE(length, 2)
  else header.writeBigUInt64BE(BigInt(length), 2)
  return header
}
