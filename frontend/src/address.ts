import type { AroundLocation, FeedLocation } from './store/feed-location.ts'

/** The reader's position in the feed: a generation, and the offset in its row as a share of the row's height. */
export interface SavedPosition {
  id: string
  share: number
}

/** Parses an address into a location of the feed: `#g=<id>`, with the share from the history entry's state if it has one. */
export function parseAddress({ hash, state }: { hash: string; state: unknown }): FeedLocation {
  const id = /^#g=([0-9a-f-]{36})$/i.exec(hash)?.[1]
  if (id === undefined) return 'newest'
  const around: AroundLocation = { around: id }
  return isSavedPosition(state) && state.id === id ? { ...around, share: state.share } : around
}

/** Returns the fragment of a position's address. It is empty for null, the end of the feed. */
export function formatAddress(position: SavedPosition | null): string {
  return position === null ? '' : `#g=${position.id}`
}

function isSavedPosition(state: unknown): state is SavedPosition {
  if (typeof state !== 'object' || state === null) return false
  return 'id' in state && typeof state.id === 'string' && 'share' in state && Number.isFinite(state.share)
}
