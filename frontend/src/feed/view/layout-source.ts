import type { GenerationWindow } from '../../store/generation-window.ts'
import { computeFeedLayout, type FeedLayout } from '../feed-layout.ts'
import { computeGeometry, type Density, type Geometry } from '../row-layout.ts'
import { createRowLayoutCache } from '../row-layout-cache.ts'

export interface LayoutSourceDeps {
  current: () => GenerationWindow
  /** Width of the page without its scroll bar, in CSS pixels. Read only on a resize, because reading it may force a layout. */
  pageWidth: () => number
  /** Height of the browser window, in CSS pixels. */
  viewportHeight: () => number
  /** Height of the browser window while the browser's own bars are shown. Images are sized by it: it stays while these come and go. */
  stableHeight: () => number
  /** Whether the pointer is a finger. */
  isCoarse?: () => boolean
  /** Height that the composer takes at the bottom of the page, in CSS pixels. */
  bottom: number
  /** Height that the header takes at the top of the page, in CSS pixels. */
  headerHeight: number
  density: Density
}

export type LayoutSource = ReturnType<typeof createLayoutSource>

/** Creates the source of the feed's layout: everything that it is computed from. Nothing is measured. */
export function createLayoutSource({ current, pageWidth, viewportHeight, stableHeight, ...initial }: LayoutSourceDeps) {
  const { isCoarse = () => false } = initial
  const rowLayouts = createRowLayoutCache()
  let { bottom, headerHeight, density } = initial
  let geometry = readGeometry()

  function compute(): FeedLayout {
    const { rows, byKey, newer } = current()
    const layouts = rows.map(row => rowLayouts.layoutOf(row, geometry))
    rowLayouts.evict(byKey)
    const viewport = viewportHeight()
    return computeFeedLayout({ rows, layouts, geometry, viewport, headerHeight, bottom, isNewest: newer === 'end' })
  }

  function readGeometry(): Geometry {
    return computeGeometry({ width: pageWidth(), height: stableHeight(), density, isCoarse: isCoarse() })
  }

  /** Recomputes the geometry. It stays the same object while it is equal, because row layouts are cached by it. */
  function updateGeometry() {
    const next = readGeometry()
    if (!isSameGeometry(next, geometry)) geometry = next
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

  /** @returns whether it has changed */
  function setHeaderHeight(pixels: number): boolean {
    if (pixels === headerHeight) return false
    headerHeight = pixels
    return true
  }

  const { setPromptHeight, isPromptOpen } = rowLayouts
  return { compute, updateGeometry, setDensity, setBottom, setHeaderHeight, setPromptHeight, isPromptOpen }
}

function isSameGeometry(a: Geometry, b: Geometry): boolean {
  const names = ['contentWidth', 'maxMediaHeight', 'density', 'isCoarse'] as const
  return names.every(name => a[name] === b[name])
}
