import { expect, test } from 'bun:test'
import { buildNumbered, buildWindow } from './generation.fixture.ts'
import { createWindowState } from './window-state.ts'

const LARGE = buildWindow(Array.from({ length: 1_001 }, (_, index) => index + 1))

test('calls listeners with the windows before and after a commit, until they unsubscribe', () => {
  const state = createWindowState()
  const sizes: [before: number, now: number][] = []
  const unsubscribe = state.subscribe((now, before) => sizes.push([before.rows.length, now.rows.length]))
  state.commit(buildWindow([1, 2]))
  state.commit(buildWindow([1, 2, 3]), { older: 'loading' })
  expect(state.loadState().older).toBe('loading')
  unsubscribe()
  state.commit(buildWindow([]))
  expect(sizes).toEqual([
    [0, 2],
    [2, 3],
  ])
})

test('trims a large window only while there is a row being read', () => {
  const state = createWindowState()
  state.commit(LARGE)
  expect(state.current()).toBe(LARGE)
  state.setTrimAnchor(() => buildNumbered(1_000).clientId)
  state.commit(LARGE)
  expect(state.current().rows.length).toBe(900)
  expect(state.current().older).toBe('cut')
})
