import type { Around, Place } from './store/feed-location.ts'

/** A row, and how far down in it the reader is. */
export interface ReadAt {
  id: string
  share: number
}

/** Where in the feed an address leads: `#g=<id>`, and how far down in it, if this page's history remembers. */
export function placeAt({ hash, state }: { hash: string; state: unknown }): Place {
  const id = /^#g=([0-9a-f-]{36})$/i.exec(hash)?.[1]
  if (id === undefined) return 'newest'
  const around: Around = { around: id }
  return isReadAt(state) && state.id === id ? { ...around, share: state.share } : around
}

/** The address of a place, below the path of this page; that of the end has nothing in it. */
export function addressOf(place: ReadAt | null): string {
  return place === null ? '' : `#g=${place.id}`
}

function isReadAt(state: unknown): state is ReadAt {
  if (typeof state !== 'object' || state === null) return false
  return 'id' in state && typeof state.id === 'string' && 'share' in state && Number.isFinite(state.share)
}
