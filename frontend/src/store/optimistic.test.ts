import { expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import { OutOfReach } from '../api.ts'
import { createUnsent } from './generation.fixture.ts'
import { atOnce, never, numbered, numbers, studioOf } from './generation-store.fixture.ts'
import { createLibrary, type Library } from './generation-store.ts'

async function opened(count: number) {
  const studio = studioOf(count)
  const library = createLibrary({ page: studio.page, generate: never, unsent: createUnsent(), nextFrame: atOnce })
  await library.open()
  return library
}

function favouriteOf(library: Library, number: number) {
  return library.now().byKey.get(`client ${number}`)?.generation.favourite
}

test('a change is shown before the studio has answered, and stays if it did it', async () => {
  const library = await opened(2)
  const answer = Promise.withResolvers<Generation>()
  const marked = (generation: Generation) => ({ ...generation, favourite: true })
  const changing = library.changing('client 1', marked, () => answer.promise)
  expect(favouriteOf(library, 1)).toBe(true)
  answer.resolve({ ...numbered(1, 2), favourite: true })
  await changing
  expect(library.now().byKey.get('client 1')?.generation).toMatchObject({ favourite: true, version: 2 })
})

test('a change that the studio did not make is taken back, but not over what it told meanwhile', async () => {
  const library = await opened(2)
  const marked = (generation: Generation) => ({ ...generation, favourite: true })
  await expect(library.changing('client 1', marked, offline)).rejects.toThrow('away')
  expect(favouriteOf(library, 1)).toBe(false)
  const late = library.changing('client 2', marked, async () => {
    library.receive({ ...numbered(2, 5), favourite: true })
    return await offline()
  })
  await expect(late).rejects.toThrow('away')
  expect(library.now().byKey.get('client 2')?.generation).toMatchObject({ favourite: true, version: 5 })
})

test('what is deleted leaves at once, whatever is told of it meanwhile, and comes back to its place when it is restored', async () => {
  const library = await opened(3)
  const removing = library.removing('client 2', async () => library.receive(numbered(2, 4)))
  expect(numbers(library)).toEqual([1, 3])
  await removing
  expect(numbers(library)).toEqual([1, 3])
  library.receive({ ...numbered(2, 5), deletedAt: '2026-11-22T12:00:00Z' })
  library.receive(numbered(2, 4))
  expect(numbers(library)).toEqual([1, 3])
  library.receive(numbered(2, 6))
  expect(numbers(library)).toEqual([1, 2, 3])
})

test('what could not be deleted is put back', async () => {
  const library = await opened(3)
  await expect(library.removing('client 2', offline)).rejects.toThrow('away')
  expect(numbers(library)).toEqual([1, 2, 3])
  library.receive({ ...numbered(2, 2), prompt: 'and goes on' })
  expect(library.now().byKey.get('client 2')?.generation.prompt).toBe('and goes on')
})

test('what another page deletes and restores goes and comes back by events', async () => {
  const library = await opened(3)
  library.receive({ ...numbered(2, 2), deletedAt: '2026-11-22T12:00:00Z' })
  expect(numbers(library)).toEqual([1, 3])
  library.receive(numbered(2, 3))
  expect(numbers(library)).toEqual([1, 2, 3])
})
const offline = () => Promise.reject(new OutOfReach('away'))
