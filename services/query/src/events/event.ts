import type { LivePreview } from '@darkroom/contracts/events'
import { formatEventId, type StreamPosition } from './stream-position.ts'

/** An event in the wire format of server-sent events. In a send queue it replaces an older event with the same key. */
export interface ServerSentEvent {
  key: string
  bytes: Uint8Array
}

const encoder = new TextEncoder()

export const PING: ServerSentEvent = { key: 'ping', bytes: encoder.encode(': ping\nevent: ping\ndata: {}\n\n') }

/** Creates an event with the current document of a generation. Without a position it moves no client's. */
export function createGenerationEvent(id: string, document: string, position: StreamPosition | null): ServerSentEvent {
  return { key: id, bytes: encoder.encode(`event: generation\n${formatIdLine(position)}data: ${document}\n\n`) }
}

/** Creates an event with the id of a generation that is no more, `{"id": …}`. */
export function createRemovalEvent(id: string, position: StreamPosition | null): ServerSentEvent {
  const data = JSON.stringify({ id })
  return { key: id, bytes: encoder.encode(`event: removed\n${formatIdLine(position)}data: ${data}\n\n`) }
}

/** A change that a client only reads again: that of a connection, or of the list of models. */
export interface Notice {
  kind: 'connection' | 'models'
  /** Id of the connection. */
  id: string
}

/** Creates the event of a notice, `{"id": …}`. It has no position: a client that missed it reads both when it is back. */
export function createNoticeEvent({ kind, id }: Notice): ServerSentEvent {
  return { key: `${kind} ${id}`, bytes: encoder.encode(`event: ${kind}\ndata: ${JSON.stringify({ id })}\n\n`) }
}

/** Creates the event of a preview. It has no position: it moves no client's, and is never replayed. */
export function createPreviewEvent(preview: LivePreview): ServerSentEvent {
  const data = JSON.stringify(preview)
  return { key: `preview ${preview.id} ${preview.index}`, bytes: encoder.encode(`event: preview\ndata: ${data}\n\n`) }
}

/** Creates the event that makes a client read everything again, and sets its position. */
export function createResyncEvent(position: StreamPosition | null): ServerSentEvent {
  return { key: 'resync', bytes: encoder.encode(`event: resync\n${formatIdLine(position)}data: {}\n\n`) }
}

/** Creates a block that moves a client to a position, and dispatches no event. */
export function createPositionEvent(position: StreamPosition): ServerSentEvent {
  return { key: 'position', bytes: encoder.encode(`${formatIdLine(position)}\n`) }
}

/** Creates the first event of a stream: the reconnection delay, and the client's position. */
export function createGreetingEvent(position: StreamPosition | null): ServerSentEvent {
  return { key: 'greeting', bytes: encoder.encode(`retry: 1000\n${formatIdLine(position)}\n`) }
}

function formatIdLine(position: StreamPosition | null): string {
  return position ? `id: ${formatEventId(position)}\n` : ''
}
