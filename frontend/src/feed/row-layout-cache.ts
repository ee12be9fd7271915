import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Row } from '../store/generation-window.ts'
import { type Geometry, layoutRow, type RowLayout } from './row-layout.ts'

interface Kept {
  row: Row
  geometry: Geometry
  promptHeight: number | null
  layout: RowLayout
}

const SPARE = 200

/** The layout of every row, computed again only where something about the row has changed. */
export function createRowLayouts() {
  const kept = new Map<string, Kept>()
  const opened = new Map<string, number>()
  const roomy = new Set<string>()

  function layoutOf(row: Row, geometry: Geometry): RowLayout {
    const promptHeight = opened.get(row.key) ?? null
    const before = kept.get(row.key)
    if (before?.row === row && before.geometry === geometry && before.promptHeight === promptHeight)
      return before.layout
    if (row.delivery !== null || !isTerminal(row.generation.status)) roomy.add(row.key)
    const refused = row.delivery?.state === 'refused' ? row.delivery.problem : null
    const layout = layoutRow(row.generation, geometry, { promptHeight, roomy: roomy.has(row.key), refused })
    kept.set(row.key, { row, geometry, promptHeight, layout })
    return layout
  }

  /** Notes that a row shows its whole prompt, which is so many pixels high; null that it shows the beginning again. */
  function open(key: string, promptHeight: number | null) {
    if (promptHeight === null) opened.delete(key)
    if (promptHeight !== null) opened.set(key, promptHeight)
  }

  /** Forgets rows that the window no longer holds, but for what a person did with them. */
  function forget(present: ReadonlyMap<string, unknown>) {
    if (kept.size <= present.size + SPARE) return
    for (const key of kept.keys()) if (!present.has(key)) kept.delete(key)
    for (const key of roomy) if (!present.has(key)) roomy.delete(key)
  }

  return { layoutOf, forget, open, isOpen: (key: string) => opened.has(key) }
}
