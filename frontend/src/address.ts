import type { AroundLocation, FeedLocation } from './store/feed-location.ts'

/** A row, and how far down in it the reader is. */
export interface SavedPosition {
  id: string
  share: number
}

/** Where in the feed an address leads: `#g=<id>`, and how far down in it, if this page's history remembers. */
export function parseAddress({ hash, state }: { hash: string; state: unknown }): FeedLocation {
  const id = /^#g=([0-9a-f-]{36})$/i.exec(hash)?.[1]
  if (id === undefined) return 'newest'
  const around: AroundLocation = { around: id }
  return isSavedPosition(state) && state.id === id ? { ...around, share: state.share } : around
}

/** The address of a place, below the path of this page; that of the end has nothing in it. */
export function formatAddress(position: SavedPosition | null): string {
  return position === null ? '' : `#g=${position.id}`
}

function isSavedPosition(state: unknown): state is SavedPosition {
  if (typeof state !== 'object' || state === null) return false
  return 'id' in state && typeof state.id === 'string' && 'share' in state && Number.isFinite(state.share)
}
