import type { Side } from '../../store/feed-location.ts'
import type { LoadState } from '../../store/window-state.ts'

export interface ReadAheadInput {
  /** Indexes of the first and last row in view; null before anything is rendered. */
  range: { startIndex: number; endIndex: number } | null
  rowCount: number
  loadState: Pick<LoadState, Side>
}

/** More rows are read when fewer than this many are left on a side of the view. */
const PREFETCH_ROWS = 60

/** Returns the sides of the window to read a page at now. A side where reading failed is not read again by itself. */
export function sidesToRead({ range, rowCount, loadState }: ReadAheadInput): Side[] {
  const { startIndex = PREFETCH_ROWS, endIndex = startIndex } = range ?? {}
  const isNear: Record<Side, boolean> = {
    older: startIndex < PREFETCH_ROWS,
    newer: endIndex >= rowCount - PREFETCH_ROWS,
  }
  return SIDES.filter(side => isNear[side] && loadState[side] === 'idle')
}

const SIDES: readonly Side[] = ['older', 'newer']
