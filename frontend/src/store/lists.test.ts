import { expect, test } from 'bun:test'
import type { Generation, GenerationPage } from '@darkroom/contracts/generation'
import type { PageQuery } from '../api.ts'
import { ALL_GENERATIONS, type ListQuery } from '../library/list-query.ts'
import { buildNumbered, createMemoryOutbox, listNumbers } from './generation.fixture.ts'
import { createGenerationStore } from './generation-store.ts'

const FAVOURITES: ListQuery = { ...ALL_GENERATIONS, section: 'favourites' }
const TRASH: ListQuery = { ...ALL_GENERATIONS, section: 'trash' }
const SEARCH: ListQuery = { ...ALL_GENERATIONS, text: 'valley' }
const DELETED_AT = '2026-11-23T12:00:00Z'
const flush = () => new Promise(resolve => setTimeout(resolve, 0))

/** Creates a store of a studio that answers every request for a page by a function. */
function setUp(answer: (query: PageQuery) => Generation[]) {
  const queries: PageQuery[] = []
  const fetchPage = async (query: PageQuery): Promise<GenerationPage> => {
    queries.push(query)
    return { generations: answer(query), nextCursor: null, previousCursor: null }
  }
  const store = createGenerationStore({
    fetchPage,
    generate: () => Promise.reject(new Error('no submission is expected')),
    outbox: createMemoryOutbox(),
    nextFrame: callback => callback(),
  })
  return { store, queries, numbers: () => listNumbers(store.current()) }
}

test('favourites take in what becomes one, and keep what is none any more until the list is left', async () => {
  const { store, numbers, queries } = setUp(({ favourite }) =>
    favourite ? [buildNumbered(2, { favourite: true })] : [buildNumbered(3), buildNumbered(2), buildNumbered(1)],
  )
  await store.open('newest', FAVOURITES)
  store.receive(buildNumbered(1, { version: 2, favourite: true }))
  store.receive(buildNumbered(3, { version: 2 }))
  expect(numbers()).toEqual([1, 2])
  store.receive(buildNumbered(2, { version: 3 }))
  expect(numbers()).toEqual([1, 2])
  await store.moveWindow('newest', ALL_GENERATIONS)
  expect(numbers()).toEqual([1, 2, 3])
  expect(queries.map(({ favourite }) => favourite)).toEqual(['true', undefined])
})

test('a generation leaves the feed for the trash and comes back, in whichever list one is', async () => {
  const deleted = buildNumbered(2, { version: 2, deletedAt: DELETED_AT })
  const { store, numbers } = setUp(({ trash }) => (trash ? [deleted] : [buildNumbered(3), buildNumbered(1)]))
  await store.open()
  store.receive(deleted)
  expect(numbers()).toEqual([1, 3])
  await store.moveWindow('newest', TRASH)
  expect(numbers()).toEqual([2])
  store.receive(buildNumbered(1, { version: 2, deletedAt: DELETED_AT }))
  store.receive(buildNumbered(3, { version: 2 }))
  expect(numbers()).toEqual([1, 2])
  store.receive(buildNumbered(2, { version: 3 }))
  expect(numbers()).toEqual([1])
})

test('a search requests from the studio whether a new generation has the words, once', async () => {
  const { store, numbers, queries } = setUp(({ around }) =>
    around === buildNumbered(5).id ? [buildNumbered(5)] : [buildNumbered(1)],
  )
  await store.open('newest', SEARCH)
  for (const version of [1, 2, 3]) {
    store.receive(buildNumbered(5, { version }))
    store.receive(buildNumbered(6, { version }))
  }
  await flush()
  expect(numbers()).toEqual([1, 5])
  const lookups = queries.filter(({ around }) => around !== undefined)
  expect(lookups.map(({ around, q }) => [around, q])).toEqual([
    [buildNumbered(5).id, 'valley'],
    [buildNumbered(6).id, 'valley'],
  ])
})

test('a submission is a row of the plain feed alone', async () => {
  const { store, numbers } = setUp(() => [buildNumbered(1)])
  await store.open('newest', SEARCH)
  void store.send({
    entry: { generation: buildNumbered(9), submission: {} as never, references: [], problem: 'refused' },
    submission: () => Promise.reject(new Error('it is not sent')),
    onDone: () => {},
  })
  await flush()
  expect(numbers()).toEqual([1])
  await store.moveWindow('newest', ALL_GENERATIONS)
  expect(numbers()).toEqual([1, 9])
})
