import { expect, test } from 'bun:test'
import type { GenerationPage } from '@darkroom/contracts/generation'
import { ALL_GENERATIONS } from '../library/list-query.ts'
import { UnavailableError } from '../request-error.ts'
import type { FetchPage } from './feed-location.ts'
import { createMemoryOutbox } from './generation.fixture.ts'
import {
  buildNumbered,
  callImmediately,
  createFakePages,
  listNumbers,
  rejectSubmission,
} from './generation-store.fixture.ts'
import { createGenerationStore } from './generation-store.ts'

test('reads pages backwards until the oldest, each once', async () => {
  const studio = createFakePages(120)
  const store = createStore(studio.fetchPage)
  await store.open()
  await Promise.all([store.loadOlder(), store.loadOlder()])
  await store.loadOlder()
  await store.loadOlder()
  expect(listNumbers(store)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1))
  expect(studio.queries.map(query => query.cursor)).toEqual([undefined, '50'])
})

test('merges an event that arrives before the first page', async () => {
  const studio = createFakePages(60)
  const store = createStore(studio.fetchPage)
  store.receive(buildNumbered(61))
  store.receive(buildNumbered(2, 5))
  await store.open()
  expect(listNumbers(store)[0]).toBe(11)
  expect(listNumbers(store).at(-1)).toBe(61)
})

test('reports a page that cannot be read, and reads it again on request', async () => {
  const studio = createFakePages(60)
  let isDown = true
  const fetchPage = (query: { limit: number }) =>
    isDown ? Promise.reject(new UnavailableError('out of reach')) : studio.fetchPage(query)
  const store = createStore(fetchPage)
  await store.open()
  expect(store.loadState()).toMatchObject({ first: 'failed', problem: 'out of reach' })
  isDown = false
  await store.open()
  isDown = true
  await store.loadOlder()
  expect(store.loadState()).toMatchObject({ first: 'ready', older: 'failed' })
  isDown = false
  await store.loadOlder()
  expect(store.current().older).toBe('end')
})

test('reloads the whole window after a gap, as far back as it reached', async () => {
  const studio = createFakePages(250)
  const store = createStore(studio.fetchPage)
  await store.open()
  await store.loadOlder()
  const deleted = buildNumbered(230)
  studio.all.splice(
    studio.all.findIndex(generation => generation.id === deleted.id),
    1,
  )
  studio.all.unshift(buildNumbered(251))
  await store.reload()
  expect(listNumbers(store)).not.toContain(230)
  expect(listNumbers(store).at(-1)).toBe(251)
  expect(listNumbers(store)).toContain(101)
})

test('counts after a gap what was made in it, where the window does not reach the newest', async () => {
  const { all } = createFakePages(400)
  const fetchPage = async ({ around, at }: { around?: string; at?: string }): Promise<GenerationPage> => {
    const isMiddle = around !== undefined || at !== undefined
    if (isMiddle) return { generations: all.slice(-120, -80), nextCursor: 'older', previousCursor: 'newer' }
    return { generations: all.slice(0, 100), nextCursor: 'older', previousCursor: null }
  }
  const store = createStore(fetchPage)
  await store.open({ around: buildNumbered(100).id })
  expect([store.current().newer === 'end', store.current().unloadedNewer.size]).toEqual([false, 0])
  all.unshift(buildNumbered(402), buildNumbered(401))
  await store.reload()
  expect(store.current().unloadedNewer.size).toBe(2)
  expect(listNumbers(store)).not.toContain(401)
})

test('leaves a window that is moved during a reload at its new location, and reloads it there', async () => {
  const { all } = createFakePages(1_000)
  const blocked: (() => void)[] = []
  let requests = 0
  let isSlow = false
  const fetchPage = async ({ at, cursor }: { at?: string; cursor?: string }): Promise<GenerationPage> => {
    requests += 1
    if (isSlow) await new Promise<void>(resolve => blocked.push(resolve))
    if (cursor === 'newer') return { generations: all.slice(-200, -100), nextCursor: 'older', previousCursor: 'newer' }
    if (at !== undefined) return { generations: all.slice(-100), nextCursor: null, previousCursor: 'newer' }
    return { generations: all.slice(0, 100), nextCursor: 'older', previousCursor: null }
  }
  const store = createStore(fetchPage)
  await store.open({ at: buildNumbered(1).createdAt })
  expect(listNumbers(store)[0]).toBe(1)
  isSlow = true
  const moving = store.moveWindow('newest')
  const reading = [store.reload(), store.loadNewer()]
  blocked.shift()?.()
  await moving
  isSlow = false
  requests = 0
  for (const answer of blocked) answer()
  await Promise.all(reading)
  expect([listNumbers(store)[0], listNumbers(store).at(-1)]).toEqual([901, 1_000])
  // One reload at the new location, and one more because of the read that was under way before.
  expect(requests).toBe(2)
})

test('moves to a page that was read ahead, with the events since, and reads another list anew', async () => {
  const studio = createFakePages(200)
  const store = createStore(studio.fetchPage)
  await store.open()
  const read = store.readLocation({ at: buildNumbered(1).createdAt })
  await read.page
  store.receive(buildNumbered(190, 5))
  const requests = studio.queries.length
  await store.moveWindow(read.location, store.current().query, read)
  expect(studio.queries.length).toBe(requests)
  expect(store.current().byKey.get('client 190')?.generation.version).toBe(5)

  const plain = store.readLocation('newest')
  await store.moveWindow('newest', { ...ALL_GENERATIONS, section: 'trash' }, plain)
  expect(studio.queries.length).toBe(requests + 2)
})

test('reloads once more after reads that were under way before the gap', async () => {
  const studio = createFakePages(300)
  const first = Promise.withResolvers<void>()
  let hold: Promise<void> | undefined = first.promise
  const fetchPage = async (query: { limit: number; cursor?: string }) => {
    const answer = await studio.fetchPage(query)
    const until = hold
    hold = undefined
    await until
    return answer
  }
  const store = createStore(fetchPage)
  const opening = store.open()
  await Bun.sleep(0)
  // Missed: the page was read before it, and the events resume after it.
  studio.all.unshift(buildNumbered(301))
  const reading = store.reload()
  first.resolve()
  await Promise.all([opening, reading])
  expect(listNumbers(store).at(-1)).toBe(301)

  const older = Promise.withResolvers<void>()
  hold = older.promise
  const asking = store.loadOlder()
  await Bun.sleep(0)
  studio.all.splice(
    studio.all.findIndex(({ id }) => id === buildNumbered(200).id),
    1,
  )
  const again = store.reload()
  await Bun.sleep(0)
  older.resolve()
  await Promise.all([asking, again])
  expect(listNumbers(store)).toContain(201)
  expect(listNumbers(store)).not.toContain(200)
})

/** Creates a store that submits nothing. */
function createStore(fetchPage: FetchPage) {
  return createGenerationStore({
    fetchPage,
    generate: rejectSubmission,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
}
