import { expect, test } from 'bun:test'
import { buildNumbered, buildWindow } from '../../store/generation.fixture.ts'
import { createLayoutControls } from './layout-controls.ts'
import { createLayoutSource } from './layout-source.ts'

const KEY = buildNumbered(2).clientId

/** Creates the controls over a page of 1440 px. Records the updates, each with its anchor, and the layout after each. */
function setUp() {
  let width = 1440
  const source = createLayoutSource({
    current: () => buildWindow([1, 2, 3]),
    pageWidth: () => width,
    viewportHeight: () => 900,
    stableHeight: () => 900,
    bottom: 160,
    headerHeight: 56,
    density: 'large',
  })
  const updates: (string | undefined)[] = []
  let layout = source.compute()
  const update = (anchorKey?: string) => {
    updates.push(anchorKey)
    layout = source.compute()
  }
  const resize = (to: number) => {
    width = to
    controls.onResize()
  }
  const controls = createLayoutControls({ source, update })
  return { controls, updates, resize, layout: () => layout }
}

test('updates the feed when the composer changes its height, and not otherwise', () => {
  const { controls, updates, layout } = setUp()
  controls.setBottom(160)
  expect(updates).toEqual([])
  controls.setBottom(300)
  expect(updates).toEqual([undefined])
  expect(layout().bottom).toBe(300)
})

test('updates the feed when the header changes its height, and not otherwise', () => {
  const { controls, updates, layout } = setUp()
  controls.setHeaderHeight(56)
  expect(updates).toEqual([])
  controls.setHeaderHeight(112)
  expect(updates).toEqual([undefined])
  expect(layout().headerHeight).toBe(112)
})

test('retains the geometry over a resize that leaves the content as it was', () => {
  const { resize, layout } = setUp()
  const { geometry } = layout()
  resize(1440)
  expect(layout().geometry).toBe(geometry)
  resize(800)
  expect(layout().geometry).not.toBe(geometry)
})

test('lowers the rows at a smaller density', () => {
  const { controls, layout } = setUp()
  const { total } = layout()
  controls.setDensity('small')
  expect(layout().total).toBeLessThan(total)
})

test('anchors the row whose prompt is opened or closed', () => {
  const { controls, updates, layout } = setUp()
  const { total } = layout()
  controls.setPromptHeight(KEY, 2_000)
  expect(controls.isPromptOpen(KEY)).toBe(true)
  expect(layout().total).toBeGreaterThan(total)
  controls.setPromptHeight(KEY, null)
  expect(layout().total).toBe(total)
  expect(updates).toEqual([KEY, KEY])
})
