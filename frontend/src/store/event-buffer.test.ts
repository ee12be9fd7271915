import { expect, test } from 'bun:test'
import { createEventBuffer } from './event-buffer.ts'
import { buildNumbered, buildWindow, listNumbers } from './generation.fixture.ts'
import { replaceWindow } from './window-pages.ts'
import { createWindowState } from './window-state.ts'

function setUp() {
  const state = createWindowState()
  return { state, events: createEventBuffer({ state }) }
}

test('merges events once the first page is there, and buffers them before', () => {
  const { state, events } = setUp()
  events.receive([buildNumbered(3)])
  expect(listNumbers(state.current())).toEqual([])
  state.commit(events.mergeBuffered(buildWindow([1, 2])), { first: 'ready' })
  expect(listNumbers(state.current())).toEqual([1, 2, 3])
  events.receive([buildNumbered(4)])
  expect(listNumbers(state.current())).toEqual([1, 2, 3, 4])
})

test('buffers events until the last of several reads has ended', async () => {
  const { state, events } = setUp()
  state.commit(buildWindow([1]), { first: 'ready' })
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const loads = [events.trackLoad(() => first.promise), events.trackLoad(() => second.promise)]
  events.receive([buildNumbered(2)])
  first.resolve()
  await loads[0]
  expect(events.pendingLoads()).toHaveLength(1)
  expect(listNumbers(events.mergeBuffered(buildWindow([1])))).toEqual([1, 2])
  second.resolve()
  await loads[1]
  expect(listNumbers(events.mergeBuffered(buildWindow([1])))).toEqual([1])
})

test('drops what is deleted permanently, also from a page that was read before', () => {
  const { state, events } = setUp()
  const page = { generations: [1, 2, 3].map(number => buildNumbered(number)), nextCursor: null, previousCursor: null }
  const read = () => events.mergeBuffered(replaceWindow(state.current(), page))
  events.drop(new Set([buildNumbered(3).id]))
  state.commit(read(), { first: 'ready' })
  expect(listNumbers(state.current())).toEqual([1, 2])
  events.drop(new Set([buildNumbered(2).id, 'not loaded']))
  expect(listNumbers(state.current())).toEqual([1])
  expect(listNumbers(read())).toEqual([1])
})

test('ends a read that fails, and passes its error on', async () => {
  const { events } = setUp()
  await expect(events.trackLoad(() => Promise.reject(new Error('unreachable')))).rejects.toThrow('unreachable')
  expect(events.pendingLoads()).toEqual([])
})
