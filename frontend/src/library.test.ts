import { expect, test } from 'bun:test'
import type { Generation, GenerationPage, Submission } from '@darkroom/contracts/generation'
import { OutOfReach, Refusal } from './api.ts'
import { aGeneration, createUnsent } from './fixtures.ts'
import { createLibrary, type Library } from './library.ts'

function numbered(number: number, version = 1): Generation {
  const createdAt = new Date(1_700_000_000_000 + number * 1_000).toISOString()
  return aGeneration({ id: `id ${number}`, clientId: `client ${number}`, createdAt, version })
}

/** A studio of so many generations, numbered from 1. */
function studioOf(count: number) {
  const all = Array.from({ length: count }, (_, index) => numbered(index + 1)).reverse()
  const asked: { limit: number; cursor?: string }[] = []
  const page = async (query: { limit: number; cursor?: string }): Promise<GenerationPage> => {
    asked.push(query)
    const from = query.cursor === undefined ? 0 : Number(query.cursor)
    const next = from + query.limit
    return {
      generations: all.slice(from, next),
      nextCursor: next < all.length ? String(next) : null,
      previousCursor: null,
    }
  }
  return { all, asked, page }
}

const never = () => Promise.reject(new Error('nothing is to be sent'))
const atOnce = (callback: () => void) => callback()

function numbers(library: Library): number[] {
  return library.now().rows.map(row => Number(row.key.split(' ')[1]))
}

function orderOf(number: number, submission: () => Promise<Submission> = async () => ANY) {
  let done = 0
  const onDone = () => {
    done += 1
  }
  const generation = { ...numbered(number), version: 0 }
  const unsent = { generation, submission: ANY, references: [], problem: null }
  return { order: { unsent, submission, onDone }, done: () => done }
}

const ANY: Submission = { prompt: 'any', parameters: { aspectRatio: '1:1', resolution: 1024, numOutputs: 1 } }

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
  expect(asked).toBe(1)
})

test('an order is shown before the studio answers, and is then the studio’s', async () => {
  const answer = Promise.withResolvers<Generation>()
  const library = createLibrary({
    page: studioOf(1).page,
    generate: () => answer.promise,
    unsent: createUnsent(),
    nextFrame: atOnce,
  })
  await library.open()
  const { order, done } = orderOf(9)
  const sending = library.send(order)
  expect(library.now().rows.at(-1)).toMatchObject({ key: 'client 9', delivery: { state: 'sending' } })
  answer.resolve(numbered(9))
  await sending
  expect(library.now().rows.at(-1)).toMatchObject({ key: 'client 9', delivery: null })
  expect(done()).toBe(1)
})

test('a refusal is said in its words; tried again it goes out under the same clientId', async () => {
  const sent: (string | undefined)[] = []
  const generate = async (submission: Submission) => {
    sent.push(submission.clientId)
    if (sent.length === 1) throw new Refusal('The prompt is empty.')
    return numbered(9)
  }
  const library = createLibrary({ page: studioOf(0).page, generate, unsent: createUnsent(), nextFrame: atOnce })
  await library.open()
  await library.send(orderOf(9, async () => ({ ...ANY, clientId: 'client 9' })).order)
  expect(library.now().rows[0]?.delivery).toEqual({ state: 'refused', problem: 'The prompt is empty.' })
  await library.sendAgain('client 9')
  expect(sent).toEqual(['client 9', 'client 9'])
  expect(library.now().rows.map(row => row.delivery)).toEqual([null])
})

test('what could not reach the studio waits, and goes out when it can', async () => {
  let isDown = true
  const generate = async () => {
    if (isDown) throw new OutOfReach('out of reach')
    return numbered(9)
  }
  const library = createLibrary({ page: studioOf(0).page, generate, unsent: createUnsent(), nextFrame: atOnce })
  await library.open()
  await library.send(orderOf(9).order)
  expect(library.now().rows[0]?.delivery).toEqual({ state: 'waiting' })
  isDown = false
  await library.sendWaiting()
  expect(library.now().rows[0]?.delivery).toBeNull()
})

test('what waits is tried again by itself, ever more seldom, until it is through', async () => {
  const pauses: number[] = []
  let next = () => {}
  const later = (work: () => void, milliseconds: number) => {
    pauses.push(milliseconds)
    next = work
  }
  let downs = 6
  const generate = async () => (downs-- > 0 ? await offline() : numbered(9))
  const library = createLibrary({ page: studioOf(0).page, generate, unsent: createUnsent(), nextFrame: atOnce, later })
  await library.open()
  await library.send(orderOf(9).order)
  for (let times = 0; times < 6; times++) {
    expect(library.now().rows[0]?.delivery).toEqual({ state: 'waiting' })
    next()
    await new Promise(resolve => setTimeout(resolve, 0))
  }
  expect(library.now().rows[0]?.delivery).toBeNull()
  expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
})

test('an order that was taken back is gone, and lets go of what it held', async () => {
  const unsent = createUnsent()
  const library = createLibrary({
    page: studioOf(0).page,
    generate: () => Promise.reject(new Refusal('no')),
    unsent,
    nextFrame: atOnce,
  })
  await library.open()
  const { order, done } = orderOf(9)
  await library.send(order)
  library.takeBack('client 9')
  expect(library.now().rows).toEqual([])
  expect(done()).toBe(1)
  expect(await unsent.all()).toEqual([])
  await library.sendAgain('client 9')
  expect(library.now().rows).toEqual([])
})

test('an order is kept until the studio has answered, with the refusal if it was one', async () => {
  const unsent = createUnsent()
  const answers = [offline, () => Promise.reject(new Refusal('not like this')), async () => numbered(9)]
  const generate = () => answers.shift()?.() ?? never()
  const library = createLibrary({ page: studioOf(0).page, generate, unsent, nextFrame: atOnce })
  await library.open()
  const { order } = orderOf(9)
  await library.send(order)
  expect(await unsent.all()).toEqual([order.unsent])
  await library.sendWaiting()
  expect(await unsent.all()).toEqual([{ ...order.unsent, problem: 'not like this' }])
  await library.sendAgain('client 9')
  expect(await unsent.all()).toEqual([])
})

test('an order of a page that was left is sent; one that was refused there is shown so', async () => {
  const asked: string[] = []
  const generate = async () => {
    asked.push('once')
    return numbered(9)
  }
  const library = createLibrary({ page: studioOf(0).page, generate, unsent: createUnsent(), nextFrame: atOnce })
  await library.open()
  const [sent, refused] = [orderOf(9).order, orderOf(8).order]
  await library.resume(sent)
  await library.resume({ ...refused, unsent: { ...refused.unsent, problem: 'not like this' } })
  expect(asked).toHaveLength(1)
  expect(library.now().rows.map(row => row.delivery)).toEqual([null, { state: 'refused', problem: 'not like this' }])
})

test('an order that was taken back in another tab is not sent from this one', async () => {
  const unsent = createUnsent()
  const asked: string[] = []
  const generate = () => {
    asked.push('once')
    return offline()
  }
  const library = createLibrary({ page: studioOf(0).page, generate, unsent, nextFrame: atOnce })
  await library.open()
  await library.send(orderOf(9).order)
  await unsent.forget('client 9')
  await library.sendWaiting()
  expect(asked).toHaveLength(1)
  expect(library.now().rows).toEqual([])
})

const offline = () => Promise.reject(new OutOfReach('away'))

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
