import { expect, test } from 'bun:test'
import type { Generation, Submission } from '@darkroom/contracts/generation'
import { OutOfReach, Refusal } from '../api.ts'
import { createUnsent } from './generation.fixture.ts'
import { atOnce, never, numbered, studioOf } from './generation-store.fixture.ts'
import { createLibrary } from './generation-store.ts'

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
