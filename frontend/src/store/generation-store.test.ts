import { expect, test } from 'bun:test'
import type { GenerationPage } from '@darkroom/contracts/generation'
import { OutOfReach } from '../api.ts'
import { createUnsent } from './generation.fixture.ts'
import { atOnce, never, numbered, numbers, studioOf } from './generation-store.fixture.ts'
import { createLibrary } from './generation-store.ts'

test('pages are read backwards until the beginning, each once', async () => {
  const studio = studioOf(120)
  const library = createLibrary({ page: studio.page, generate: never, unsent: createUnsent(), nextFrame: atOnce })
  await library.open()
  await Promise.all([library.readOlder(), library.readOlder()])
  await library.readOlder()
  await library.readOlder()
  expect(numbers(library)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1))
  expect(studio.asked.map(query => query.cursor)).toEqual([undefined, '50'])
})

test('an event that comes before the first page is not lost', async () => {
  const studio = studioOf(60)
  const library = createLibrary({ page: studio.page, generate: never, unsent: createUnsent(), nextFrame: atOnce })
  library.receive(numbered(61))
  library.receive(numbered(2, 5))
  await library.open()
  expect(numbers(library)[0]).toBe(11)
  expect(numbers(library).at(-1)).toBe(61)
})

test('a page that cannot be read says so, and can be read again', async () => {
  const studio = studioOf(60)
  let isDown = true
  const page = (query: { limit: number }) =>
    isDown ? Promise.reject(new OutOfReach('out of reach')) : studio.page(query)
  const library = createLibrary({ page, generate: never, unsent: createUnsent(), nextFrame: atOnce })
  await library.open()
  expect(library.reading()).toMatchObject({ first: 'failed', problem: 'out of reach' })
  isDown = false
  await library.open()
  isDown = true
  await library.readOlder()
  expect(library.reading()).toMatchObject({ first: 'ready', older: 'failed' })
  isDown = false
  await library.readOlder()
  expect(library.now().older).toBe('end')
})

test('after a gap everything shown is read again, as far back as it was', async () => {
  const studio = studioOf(250)
  const library = createLibrary({ page: studio.page, generate: never, unsent: createUnsent(), nextFrame: atOnce })
  await library.open()
  await library.readOlder()
  const deleted = numbered(230)
  studio.all.splice(
    studio.all.findIndex(generation => generation.id === deleted.id),
    1,
  )
  studio.all.unshift(numbered(251))
  await library.readAgain()
  expect(numbers(library)).not.toContain(230)
  expect(numbers(library).at(-1)).toBe(251)
  expect(numbers(library)).toContain(101)
})

test('a window that is moved while it is read again stays where it was moved to, and is read again there', async () => {
  const { all } = studioOf(1_000)
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
  const library = createLibrary({ page, generate: never, unsent: createUnsent(), nextFrame: atOnce })
  await library.open({ at: numbered(1).createdAt })
  expect(numbers(library)[0]).toBe(1)
  isSlow = true
  const moving = library.moveWindow('newest')
  const reading = [library.readAgain(), library.readNewer()]
  held.shift()?.()
  await moving
  isSlow = false
  asked = 0
  for (const answer of held) answer()
  await Promise.all(reading)
  expect([numbers(library)[0], numbers(library).at(-1)]).toEqual([901, 1_000])
  // Once where it came to, and once more because that was asked for before.
  expect(asked).toBe(2)
})

test('what was asked for before a gap and comes after the window was read again is read again as well', async () => {
  const studio = studioOf(300)
  const first = Promise.withResolvers<void>()
  let hold: Promise<void> | undefined = first.promise
  const page = async (query: { limit: number; cursor?: string }) => {
    const answer = await studio.page(query)
    const until = hold
    hold = undefined
    await until
    return answer
  }
  const library = createLibrary({ page, generate: never, unsent: createUnsent(), nextFrame: atOnce })
  const opening = library.open()
  await Bun.sleep(0)
  // It was missed: the page was read before it, and the events go on after it.
  studio.all.unshift(numbered(301))
  const reading = library.readAgain()
  first.resolve()
  await Promise.all([opening, reading])
  expect(numbers(library).at(-1)).toBe(301)

  const older = Promise.withResolvers<void>()
  hold = older.promise
  const asking = library.readOlder()
  await Bun.sleep(0)
  studio.all.splice(
    studio.all.findIndex(({ id }) => id === numbered(200).id),
    1,
  )
  const again = library.readAgain()
  await Bun.sleep(0)
  older.resolve()
  await Promise.all([asking, again])
  expect(numbers(library)).toContain(201)
  expect(numbers(library)).not.toContain(200)
})
