import { expect, test } from 'bun:test'
import type { GenerationPage } from '@darkroom/contracts/generation'
import { UnreachableError } from '../api.ts'
import { createMemoryOutbox } from './generation.fixture.ts'
import {
  buildNumbered,
  callImmediately,
  createFakePages,
  listNumbers,
  rejectSubmission,
} from './generation-store.fixture.ts'
import { createGenerationStore } from './generation-store.ts'

test('pages are read backwards until the beginning, each once', async () => {
  const studio = createFakePages(120)
  const store = createGenerationStore({
    fetchPage: studio.page,
    generate: rejectSubmission,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  await store.open()
  await Promise.all([store.readOlder(), store.readOlder()])
  await store.readOlder()
  await store.readOlder()
  expect(listNumbers(store)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1))
  expect(studio.asked.map(query => query.cursor)).toEqual([undefined, '50'])
})

test('an event that comes before the first page is not lost', async () => {
  const studio = createFakePages(60)
  const store = createGenerationStore({
    fetchPage: studio.page,
    generate: rejectSubmission,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  store.receive(buildNumbered(61))
  store.receive(buildNumbered(2, 5))
  await store.open()
  expect(listNumbers(store)[0]).toBe(11)
  expect(listNumbers(store).at(-1)).toBe(61)
})

test('a page that cannot be read says so, and can be read again', async () => {
  const studio = createFakePages(60)
  let isDown = true
  const page = (query: { limit: number }) =>
    isDown ? Promise.reject(new UnreachableError('out of reach')) : studio.page(query)
  const store = createGenerationStore({
    fetchPage: page,
    generate: rejectSubmission,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  await store.open()
  expect(store.loadState()).toMatchObject({ first: 'failed', problem: 'out of reach' })
  isDown = false
  await store.open()
  isDown = true
  await store.readOlder()
  expect(store.loadState()).toMatchObject({ first: 'ready', older: 'failed' })
  isDown = false
  await store.readOlder()
  expect(store.current().older).toBe('end')
})

test('after a gap everything shown is read again, as far back as it was', async () => {
  const studio = createFakePages(250)
  const store = createGenerationStore({
    fetchPage: studio.page,
    generate: rejectSubmission,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  await store.open()
  await store.readOlder()
  const deleted = buildNumbered(230)
  studio.all.splice(
    studio.all.findIndex(generation => generation.id === deleted.id),
    1,
  )
  studio.all.unshift(buildNumbered(251))
  await store.readAgain()
  expect(listNumbers(store)).not.toContain(230)
  expect(listNumbers(store).at(-1)).toBe(251)
  expect(listNumbers(store)).toContain(101)
})

test('a window that is moved while it is read again stays where it was moved to, and is read again there', async () => {
  const { all } = createFakePages(1_000)
  const held: (() => void)[] = []
  let asked = 0
  let isSlow = false
  const page = async ({ at, cursor }: { at?: string; cursor?: string }): Promise<GenerationPage> => {
    asked += 1
    if (isSlow) await new Promise<void>(resolve => held.push(resolve))
    if (cursor === 'newer') return { generations: all.slice(-200, -100), nextCursor: 'older', previousCursor: 'newer' }
    if (at !== undefined) return { generations: all.slice(-100), nextCursor: null, previousCursor: 'newer' }
    return { generations: all.slice(0, 100), nextCursor: 'older', previousCursor: null }
  }
  const store = createGenerationStore({
    fetchPage: page,
    generate: rejectSubmission,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  await store.open({ at: buildNumbered(1).createdAt })
  expect(listNumbers(store)[0]).toBe(1)
  isSlow = true
  const moving = store.moveWindow('newest')
  const reading = [store.readAgain(), store.readNewer()]
  held.shift()?.()
  await moving
  isSlow = false
  asked = 0
  for (const answer of held) answer()
  await Promise.all(reading)
  expect([listNumbers(store)[0], listNumbers(store).at(-1)]).toEqual([901, 1_000])
  // Once where it came to, and once more because that was asked for before.
  expect(asked).toBe(2)
})

test('what was asked for before a gap and comes after the window was read again is read again as well', async () => {
  const studio = createFakePages(300)
  const first = Promise.withResolvers<void>()
  let hold: Promise<void> | undefined = first.promise
  const page = async (query: { limit: number; cursor?: string }) => {
    const answer = await studio.page(query)
    const until = hold
    hold = undefined
    await until
    return answer
  }
  const store = createGenerationStore({
    fetchPage: page,
    generate: rejectSubmission,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  const opening = store.open()
  await Bun.sleep(0)
  // It was missed: the page was read before it, and the events go on after it.
  studio.all.unshift(buildNumbered(301))
  const reading = store.readAgain()
  first.resolve()
  await Promise.all([opening, reading])
  expect(listNumbers(store).at(-1)).toBe(301)

  const older = Promise.withResolvers<void>()
  hold = older.promise
  const asking = store.readOlder()
  await Bun.sleep(0)
  studio.all.splice(
    studio.all.findIndex(({ id }) => id === buildNumbered(200).id),
    1,
  )
  const again = store.readAgain()
  await Bun.sleep(0)
  older.resolve()
  await Promise.all([asking, again])
  expect(listNumbers(store)).toContain(201)
  expect(listNumbers(store)).not.toContain(200)
})
