import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Row } from '../store/generation-window.ts'
import { type Geometry, layoutRow, type RowLayout } from './row-layout.ts'

interface CachedLayout {
  row: Row
  geometry: Geometry
  promptHeight: number | null
  layout: RowLayout
}

const CACHE_SLACK = 200

/** The layout of every row, computed again only where something about the row has changed. */
export function createRowLayoutCache() {
  const cache = new Map<string, CachedLayout>()
  const promptHeights = new Map<string, number>()
  const reserved = new Set<string>()

  function layoutOf(row: Row, geometry: Geometry): RowLayout {
    const promptHeight = promptHeights.get(row.key) ?? null
    const cached = cache.get(row.key)
    if (cached?.row === row && cached.geometry === geometry && cached.promptHeight === promptHeight)
      return cached.layout
    if (row.delivery !== null || !isTerminal(row.generation.status)) reserved.add(row.key)
    const refusalMessage = row.delivery?.state === 'refused' ? row.delivery.problem : null
    const layout = layoutRow(row.generation, geometry, {
      promptHeight,
      reservesMediaSpace: reserved.has(row.key),
      refusalMessage,
    })
    cache.set(row.key, { row, geometry, promptHeight, layout })
    return layout
  }

  /** Notes that a row shows its whole prompt, which is so many pixels high; null that it shows the beginning again. */
  function setPromptHeight(key: string, promptHeight: number | null) {
    if (promptHeight === null) promptHeights.delete(key)
    if (promptHeight !== null) promptHeights.set(key, promptHeight)
  }

  /** Forgets rows that the window no longer holds, but for what a person did with them. */
  function evict(present: ReadonlyMap<string, unknown>) {
    if (cache.size <= present.size + CACHE_SLACK) return
    for (const key of cache.keys()) if (!present.has(key)) cache.delete(key)
    for (const key of reserved) if (!present.has(key)) reserved.delete(key)
  }

  return { layoutOf, forget: evict, open: setPromptHeight, isPromptOpen: (key: string) => promptHeights.has(key) }
}
