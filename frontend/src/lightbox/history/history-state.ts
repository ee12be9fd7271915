/** The output that the lightbox shows, as it is stored in the state of an entry of the browser's history. */
export interface HistoryMedia {
  /** Id of the generation. */
  id: string
  index: number
}

/** Returns the output that the lightbox shows in an entry of the history; null where it is closed. */
export function readHistoryMedia(state: unknown): HistoryMedia | null {
  const stored = isRecord(state) ? state.lightbox : undefined
  if (!isRecord(stored) || typeof stored.id !== 'string' || !Number.isInteger(stored.index)) return null
  return { id: stored.id, index: Number(stored.index) }
}

/** Returns the state of an entry with another output. What else is stored in it stays. */
export function withHistoryMedia(state: unknown, lightbox: HistoryMedia): object {
  return { ...(isRecord(state) ? state : {}), lightbox }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
