import { idOf, type Place } from './stream-position.ts'

/** What travels in an event stream, in the format of the protocol: a name by which newer takes the place of older, and bytes. */
export interface Event {
  name: string
  bytes: Uint8Array
}

const encoder = new TextEncoder()

export const PING: Event = { name: 'ping', bytes: encoder.encode(': ping\n\n') }

/** A generation as it is now. */
export function generationEvent(id: string, document: string, place: Place): Event {
  return { name: id, bytes: encoder.encode(`event: generation\nid: ${idOf(place)}\ndata: ${document}\n\n`) }
}

/** What was missed is not known: everything must be read again. From then on the client is at `place`. */
export function resyncEvent(place: Place | null): Event {
  return { name: 'resync', bytes: encoder.encode(`event: resync\n${idLine(place)}data: {}\n\n`) }
}

/** What a client hears first: how soon to come back, and where it is. */
export function greeting(place: Place | null): Event {
  return { name: 'greeting', bytes: encoder.encode(`retry: 1000\n${idLine(place)}\n`) }
}

function idLine(place: Place | null): string {
  return place ? `id: ${idOf(place)}\n` : ''
}
