import { buildGeneration } from '../store/generation.fixture.ts'
import type { Row } from '../store/generation-window.ts'
import { computeFeedLayout, type FeedLayout } from './feed-layout.ts'
import { computeGeometry, type RowLayout } from './row-layout.ts'

export const VIEWPORT = 900
export const BOTTOM = 160

const GEOMETRY = computeGeometry({ width: 1440 })

const META = { width: 280, height: 0, promptHeight: 0, collapsedPromptHeight: 0, messageHeight: 0 }

/** Builds the layout of rows of given heights, whose keys are `row 0`, `row 1` … unless given. */
export function buildLayout(heights: readonly number[], keyOf = (index: number) => `row ${index}`): FeedLayout {
  const layouts = heights.map((height): RowLayout => ({ height, meta: META, block: { boxes: [], width: 0, height } }))
  const rows = heights.map(
    (_, index): Row => ({ key: keyOf(index), sortKey: '', generation: buildGeneration(), delivery: null }),
  )
  return computeFeedLayout({
    rows,
    layouts,
    geometry: GEOMETRY,
    viewport: VIEWPORT,
    bottom: BOTTOM,
    isNewest: true,
  })
}
