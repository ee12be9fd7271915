import type { GenerationWindow } from '../../store/generation-window.ts'
import { computeFeedLayout, type FeedLayout } from '../feed-layout.ts'
import { computeGeometry, type Density } from '../row-layout.ts'
import { createRowLayoutCache } from '../row-layout-cache.ts'

export interface LayoutSourceDeps {
  current: () => GenerationWindow
  /** Width of the page without its scroll bar, in CSS pixels. Read only on a resize, because reading it may force a layout. */
  pageWidth: () => number
  /** Height of the browser window, in CSS pixels. */
  viewportHeight: () => number
  /** Height that the composer takes at the bottom of the page, in CSS pixels. */
  bottom: number
  density: Density
}

export type LayoutSource = ReturnType<typeof createLayoutSource>

/** Creates the source of the feed's layout: everything that it is computed from. Nothing is measured. */
export function createLayoutSource({ current, pageWidth, viewportHeight, ...initial }: LayoutSourceDeps) {
  const rowLayouts = createRowLayoutCache()
  let { bottom, density } = initial
  let geometry = computeGeometry(pageWidth(), density)

  function compute(): FeedLayout {
    const { rows, byKey, newer } = current()
    const layouts = rows.map(row => rowLayouts.layoutOf(row, geometry))
    rowLayouts.evict(byKey)
    return computeFeedLayout({ rows, layouts, geometry, viewport: viewportHeight(), bottom, isNewest: newer === 'end' })
  }

  /** Recomputes the geometry. It stays the same object while it is equal, because row layouts are cached by it. */
  function updateGeometry() {
    const next = computeGeometry(pageWidth(), density)
    if (next.contentWidth !== geometry.contentWidth || next.maxMediaHeight !== geometry.maxMediaHeight) geometry = next
  }

  function setDensity(next: Density) {
    density = next
    updateGeometry()
  }

  /** @returns whether it has changed */
  function setBottom(pixels: number): boolean {
    if (pixels === bottom) return false
    bottom = pixels
    return true
  }

  const { setPromptHeight, isPromptOpen } = rowLayouts
  return { compute, updateGeometry, setDensity, setBottom, setPromptHeight, isPromptOpen }
}
