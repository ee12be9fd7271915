import { expect, test } from 'bun:test'
import type { Generation, Submission } from '@darkroom/contracts/generation'
import { RejectedError, UnreachableError } from '../api.ts'
import { createMemoryOutbox } from './generation.fixture.ts'
import { buildNumbered, callImmediately, createFakePages, rejectSubmission } from './generation-store.fixture.ts'
import { createGenerationStore } from './generation-store.ts'

function orderOf(number: number, submission: () => Promise<Submission> = async () => ANY) {
  let done = 0
  const onDone = () => {
    done += 1
  }
  const generation = { ...buildNumbered(number), version: 0 }
  const entry = { generation, submission: ANY, references: [], problem: null }
  return { order: { entry, submission, onDone }, done: () => done }
}

const ANY: Submission = { prompt: 'any', parameters: { aspectRatio: '1:1', resolution: 1024, numOutputs: 1 } }

test('an order is shown before the studio answers, and is then the studio’s', async () => {
  const answer = Promise.withResolvers<Generation>()
  const store = createGenerationStore({
    fetchPage: createFakePages(1).page,
    generate: () => answer.promise,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  await store.open()
  const { order, done } = orderOf(9)
  const sending = store.send(order)
  expect(store.current().rows.at(-1)).toMatchObject({ key: 'client 9', delivery: { state: 'sending' } })
  answer.resolve(buildNumbered(9))
  await sending
  expect(store.current().rows.at(-1)).toMatchObject({ key: 'client 9', delivery: null })
  expect(done()).toBe(1)
})

test('a refusal is said in its words; tried again it goes out under the same clientId', async () => {
  const sent: (string | undefined)[] = []
  const generate = async (submission: Submission) => {
    sent.push(submission.clientId)
    if (sent.length === 1) throw new RejectedError('The prompt is empty.')
    return buildNumbered(9)
  }
  const store = createGenerationStore({
    fetchPage: createFakePages(0).page,
    generate,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  await store.open()
  await store.send(orderOf(9, async () => ({ ...ANY, clientId: 'client 9' })).order)
  expect(store.current().rows[0]?.delivery).toEqual({ state: 'refused', problem: 'The prompt is empty.' })
  await store.sendAgain('client 9')
  expect(sent).toEqual(['client 9', 'client 9'])
  expect(store.current().rows.map(row => row.delivery)).toEqual([null])
})

test('what could not reach the studio waits, and goes out when it can', async () => {
  let isDown = true
  const generate = async () => {
    if (isDown) throw new UnreachableError('out of reach')
    return buildNumbered(9)
  }
  const store = createGenerationStore({
    fetchPage: createFakePages(0).page,
    generate,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  await store.open()
  await store.send(orderOf(9).order)
  expect(store.current().rows[0]?.delivery).toEqual({ state: 'waiting' })
  isDown = false
  await store.sendWaiting()
  expect(store.current().rows[0]?.delivery).toBeNull()
})

test('what waits is tried again by itself, ever more seldom, until it is through', async () => {
  const pauses: number[] = []
  let next = () => {}
  const later = (work: () => void, milliseconds: number) => {
    pauses.push(milliseconds)
    next = work
  }
  let downs = 6
  const generate = async () => (downs-- > 0 ? await offline() : buildNumbered(9))
  const store = createGenerationStore({
    fetchPage: createFakePages(0).page,
    generate,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
    setTimer: later,
  })
  await store.open()
  await store.send(orderOf(9).order)
  for (let times = 0; times < 6; times++) {
    expect(store.current().rows[0]?.delivery).toEqual({ state: 'waiting' })
    next()
    await new Promise(resolve => setTimeout(resolve, 0))
  }
  expect(store.current().rows[0]?.delivery).toBeNull()
  expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
})

test('an order that was taken back is gone, and lets go of what it held', async () => {
  const outbox = createMemoryOutbox()
  const store = createGenerationStore({
    fetchPage: createFakePages(0).page,
    generate: () => Promise.reject(new RejectedError('no')),
    outbox,
    nextFrame: callImmediately,
  })
  await store.open()
  const { order, done } = orderOf(9)
  await store.send(order)
  store.takeBack('client 9')
  expect(store.current().rows).toEqual([])
  expect(done()).toBe(1)
  expect(await outbox.list()).toEqual([])
  await store.sendAgain('client 9')
  expect(store.current().rows).toEqual([])
})

test('an order is kept until the studio has answered, with the refusal if it was one', async () => {
  const outbox = createMemoryOutbox()
  const answers = [offline, () => Promise.reject(new RejectedError('not like this')), async () => buildNumbered(9)]
  const generate = () => answers.shift()?.() ?? rejectSubmission()
  const store = createGenerationStore({
    fetchPage: createFakePages(0).page,
    generate,
    outbox,
    nextFrame: callImmediately,
  })
  await store.open()
  const { order } = orderOf(9)
  await store.send(order)
  expect(await outbox.list()).toEqual([order.entry])
  await store.sendWaiting()
  expect(await outbox.list()).toEqual([{ ...order.entry, problem: 'not like this' }])
  await store.sendAgain('client 9')
  expect(await outbox.list()).toEqual([])
})

test('an order of a page that was left is sent; one that was refused there is shown so', async () => {
  const asked: string[] = []
  const generate = async () => {
    asked.push('once')
    return buildNumbered(9)
  }
  const store = createGenerationStore({
    fetchPage: createFakePages(0).page,
    generate,
    outbox: createMemoryOutbox(),
    nextFrame: callImmediately,
  })
  await store.open()
  const [sent, refused] = [orderOf(9).order, orderOf(8).order]
  await store.resume(sent)
  await store.resume({ ...refused, entry: { ...refused.entry, problem: 'not like this' } })
  expect(asked).toHaveLength(1)
  expect(store.current().rows.map(row => row.delivery)).toEqual([null, { state: 'refused', problem: 'not like this' }])
})

test('an order that was taken back in another tab is not sent from this one', async () => {
  const outbox = createMemoryOutbox()
  const asked: string[] = []
  const generate = () => {
    asked.push('once')
    return offline()
  }
  const store = createGenerationStore({
    fetchPage: createFakePages(0).page,
    generate,
    outbox,
    nextFrame: callImmediately,
  })
  await store.open()
  await store.send(orderOf(9).order)
  await outbox.remove('client 9')
  await store.sendWaiting()
  expect(asked).toHaveLength(1)
  expect(store.current().rows).toEqual([])
})

const offline = () => Promise.reject(new UnreachableError('away'))
