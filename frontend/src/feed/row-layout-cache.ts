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

/** Creates the cache of row layouts. A layout is computed again only where something about its row has changed. */
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

  /** Sets the height of a row's whole prompt while it is shown, in CSS pixels; null while only its beginning is shown. */
  function setPromptHeight(key: string, promptHeight: number | null) {
    if (promptHeight === null) promptHeights.delete(key)
    if (promptHeight !== null) promptHeights.set(key, promptHeight)
  }

  /** Evicts rows that are no longer in the window. Opened prompts are retained. */
  function evict(present: ReadonlyMap<string, unknown>) {
    if (cache.size <= present.size + CACHE_SLACK) return
    for (const key of cache.keys()) if (!present.has(key)) cache.delete(key)
    for (const key of reserved) if (!present.has(key)) reserved.delete(key)
  }

  return { layoutOf, evict, setPromptHeight, isPromptOpen: (key: string) => promptHeights.has(key) }
}
