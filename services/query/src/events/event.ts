import { formatEventId, type StreamPosition } from './stream-position.ts'

/** What travels in an event stream, in the format of the protocol: a name by which newer takes the place of older, and bytes. */
export interface ServerSentEvent {
  key: string
  bytes: Uint8Array
}

const encoder = new TextEncoder()

export const PING: ServerSentEvent = { key: 'ping', bytes: encoder.encode(': ping\n\n') }

/** A generation as it is now. */
export function createGenerationEvent(id: string, document: string, place: StreamPosition): ServerSentEvent {
  return { key: id, bytes: encoder.encode(`event: generation\nid: ${formatEventId(place)}\ndata: ${document}\n\n`) }
}

/** What was missed is not known: everything must be read again. From then on the client is at `place`. */
export function createResyncEvent(place: StreamPosition | null): ServerSentEvent {
  return { key: 'resync', bytes: encoder.encode(`event: resync\n${formatIdLine(place)}data: {}\n\n`) }
}

/** What a client hears first: how soon to come back, and where it is. */
export function createGreetingEvent(place: StreamPosition | null): ServerSentEvent {
  return { key: 'greeting', bytes: encoder.encode(`retry: 1000\n${formatIdLine(place)}\n`) }
}

function formatIdLine(place: StreamPosition | null): string {
  return place ? `id: ${formatEventId(place)}\n` : ''
}
