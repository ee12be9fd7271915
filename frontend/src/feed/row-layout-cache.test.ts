import { expect, test } from 'bun:test'
import { buildGeneration } from '../store/generation.fixture.ts'
import type { Row } from '../store/generation-window.ts'
import { computeGeometry } from './row-layout.ts'
import { createRowLayoutCache } from './row-layout-cache.ts'

const geometry = computeGeometry({ width: 1440 })

function row(generation: Row['generation'], delivery: Row['delivery'] = null): Row {
  return { key: generation.clientId, sortKey: '', generation, delivery }
}

test('computes a layout once while nothing about the row changes', () => {
  const layouts = createRowLayoutCache()
  const one = row(buildGeneration({ outputs: 4 }))
  const first = layouts.layoutOf(one, geometry)
  expect(layouts.layoutOf(one, geometry)).toBe(first)
  expect(layouts.layoutOf({ ...one }, geometry)).not.toBe(first)
  expect(layouts.layoutOf(one, computeGeometry({ width: 390 }))).not.toBe(first)
})

test('makes a row higher while its prompt is open', () => {
  const layouts = createRowLayoutCache()
  const one = row(buildGeneration({ outputs: [{ width: 2_100, height: 900 }] }))
  const closed = layouts.layoutOf(one, geometry).height
  layouts.setPromptHeight(one.key, 1_200)
  expect(layouts.layoutOf(one, geometry).height).toBeGreaterThan(1_200)
  layouts.setPromptHeight(one.key, null)
  expect(layouts.layoutOf(one, geometry).height).toBe(closed)
})

test('retains the height of a generation that fails while it is shown', () => {
  const layouts = createRowLayoutCache()
  const running = buildGeneration({ outputs: 4, status: 'processing' })
  const before = layouts.layoutOf(row(running), geometry).height
  const failed = buildGeneration({ outputs: 4, status: 'failed' })
  expect(layouts.layoutOf(row(failed), geometry).height).toBe(before)
  expect(createRowLayoutCache().layoutOf(row(failed), geometry).height).toBeLessThan(before)
})
