import { expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import { UnavailableError } from '../request-error.ts'
import { createMemoryOutbox } from './generation.fixture.ts'
import {
  buildNumbered,
  callImmediately,
  createFakePages,
  listNumbers,
  rejectSubmission,
} from './generation-store.fixture.ts'
import { createGenerationStore, type GenerationStore } from './generation-store.ts'

async function openStore(count: number) {
  const studio = createFakePages(count)
  const store = createGenerationStore({
    fetchPage: studio.fetchPage,
    generate: rejectSubmission,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  await store.open()
  return store
}

function favouriteOf(store: GenerationStore, number: number) {
  return store.current().byKey.get(`client ${number}`)?.generation.favourite
}

test('shows a change before the studio has answered, and merges the answer', async () => {
  const store = await openStore(2)
  const answer = Promise.withResolvers<Generation>()
  const marked = (generation: Generation) => ({ ...generation, favourite: true })
  const changing = store.updateOptimistically('client 1', marked, () => answer.promise)
  expect(favouriteOf(store, 1)).toBe(true)
  answer.resolve({ ...buildNumbered(1, 2), favourite: true })
  await changing
  expect(store.current().byKey.get('client 1')?.generation).toMatchObject({ favourite: true, version: 2 })
})

test('reverts a change that failed, but not over a version that arrived meanwhile', async () => {
  const store = await openStore(2)
  const marked = (generation: Generation) => ({ ...generation, favourite: true })
  await expect(store.updateOptimistically('client 1', marked, offline)).rejects.toThrow('away')
  expect(favouriteOf(store, 1)).toBe(false)
  const late = store.updateOptimistically('client 2', marked, async () => {
    store.receive({ ...buildNumbered(2, 5), favourite: true })
    return await offline()
  })
  await expect(late).rejects.toThrow('away')
  expect(store.current().byKey.get('client 2')?.generation).toMatchObject({ favourite: true, version: 5 })
})

test('removes a deleted row at once, whatever events arrive, and shows it at its position again when it is restored', async () => {
  const store = await openStore(3)
  const removing = store.removeOptimistically('client 2', async () => store.receive(buildNumbered(2, 4)))
  expect(listNumbers(store)).toEqual([1, 3])
  await removing
  expect(listNumbers(store)).toEqual([1, 3])
  store.receive({ ...buildNumbered(2, 5), deletedAt: '2026-11-22T12:00:00Z' })
  store.receive(buildNumbered(2, 4))
  expect(listNumbers(store)).toEqual([1, 3])
  store.receive(buildNumbered(2, 6))
  expect(listNumbers(store)).toEqual([1, 2, 3])
})

test('puts back a row whose deletion failed', async () => {
  const store = await openStore(3)
  await expect(store.removeOptimistically('client 2', offline)).rejects.toThrow('away')
  expect(listNumbers(store)).toEqual([1, 2, 3])
  store.receive({ ...buildNumbered(2, 2), prompt: 'and goes on' })
  expect(store.current().byKey.get('client 2')?.generation.prompt).toBe('and goes on')
})

test('a row whose generation is deleted permanently meanwhile is not put back', async () => {
  const store = await openStore(3)
  const purge = async () => {
    store.drop(new Set(['id 2']))
    return await offline()
  }
  await expect(store.removeOptimistically('client 2', purge)).rejects.toThrow('away')
  expect(listNumbers(store)).toEqual([1, 3])
  store.receive({ ...buildNumbered(2, 9), favourite: true })
  expect(listNumbers(store)).toEqual([1, 3])
})

test('removes and restores rows by the events of other pages', async () => {
  const store = await openStore(3)
  store.receive({ ...buildNumbered(2, 2), deletedAt: '2026-11-22T12:00:00Z' })
  expect(listNumbers(store)).toEqual([1, 3])
  store.receive(buildNumbered(2, 3))
  expect(listNumbers(store)).toEqual([1, 2, 3])
})

const offline = () => Promise.reject(new UnavailableError('away'))

test('requests the removal of a generation that is not loaded', async () => {
  const store = await openStore(2)
  let requests = 0
  const request = async () => {
    requests += 1
  }
  await store.removeOptimistically('client of a parent far above', request)
  expect(requests).toBe(1)
  expect(listNumbers(store)).toEqual([1, 2])
})
