import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { createSendQueue } from './send-queue.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const texts = (all: Uint8Array[] | undefined) => all?.map(one => new TextDecoder().decode(one))
const createOverflowEvent = () => ({ key: 'resync', bytes: bytes('resync') })

test('sends the last of several events with one key, at the position of the last', async () => {
  const queue = createSendQueue({ maxBytes: 100, onOverflow: createOverflowEvent })
  queue.enqueue({ key: 'a', bytes: bytes('a1') })
  queue.enqueue({ key: 'b', bytes: bytes('b1') })
  queue.enqueue({ key: 'a', bytes: bytes('a2') })
  expect(texts(await queue.dequeueAll())).toEqual(['b1', 'a2'])
})

test('resolves a waiting dequeue with the next event, and with undefined once it is closed', async () => {
  const queue = createSendQueue({ maxBytes: 100, onOverflow: createOverflowEvent })
  const first = queue.dequeueAll()
  queue.enqueue({ key: 'a', bytes: bytes('a1') })
  expect(texts(await first)).toEqual(['a1'])
  const second = queue.dequeueAll()
  queue.close()
  expect(await second).toBeUndefined()
  queue.enqueue({ key: 'a', bytes: bytes('a2') })
  expect(await queue.dequeueAll()).toBeUndefined()
})

test('sends events that were queued while paused after the first ones, and instead of those with the same key', async () => {
  const queue = createSendQueue({ maxBytes: 100, onOverflow: createOverflowEvent })
  queue.pause()
  queue.enqueue({ key: 'a', bytes: bytes('a2') })
  const dequeued = queue.dequeueAll()
  queue.enqueue({ key: 'b', bytes: bytes('b2') })
  queue.resume([
    { key: 'c', bytes: bytes('c1') },
    { key: 'a', bytes: bytes('a1') },
    { key: 'd', bytes: bytes('d1') },
  ])
  expect(texts(await dequeued)).toEqual(['c1', 'd1', 'a2', 'b2'])
})

test('drops the events that were queued while paused when it is closed', async () => {
  const queue = createSendQueue({ maxBytes: 100, onOverflow: createOverflowEvent })
  queue.pause()
  queue.enqueue({ key: 'a', bytes: bytes('a1') })
  const dequeued = queue.dequeueAll()
  queue.close()
  queue.resume([{ key: 'b', bytes: bytes('b1') }])
  expect(await dequeued).toBeUndefined()
  expect(await queue.dequeueAll()).toBeUndefined()
})

test('sends an overflow event after the first ones when too much is queued while paused', async () => {
  const queue = createSendQueue({ maxBytes: 10, onOverflow: createOverflowEvent })
  queue.pause()
  for (const name of ['a', 'b', 'c']) queue.enqueue({ key: name, bytes: bytes(`${name} long`) })
  queue.resume([{ key: 'd', bytes: bytes('d1') }])
  expect(texts(await queue.dequeueAll())).toEqual(['d1', 'resync'])
})

test('reports for how long nothing was dequeued, and whether events were lost meanwhile', async () => {
  let time = 0
  const queue = createSendQueue({ maxBytes: 10, onOverflow: createOverflowEvent, now: () => time })
  expect(queue.stall()).toBeNull()
  queue.enqueue({ key: 'a', bytes: bytes('a1') })
  time = 50
  queue.enqueue({ key: 'a', bytes: bytes('a2') })
  expect(queue.stall()).toEqual({ ms: 50, isFull: false })
  queue.enqueue({ key: 'b', bytes: bytes('b is too long') })
  queue.enqueue({ key: 'c', bytes: bytes('c1') })
  time = 70
  expect(queue.stall()).toEqual({ ms: 70, isFull: true })
  await queue.dequeueAll()
  expect(queue.stall()).toBeNull()
  queue.enqueue({ key: 'd', bytes: bytes('d1') })
  time = 75
  expect(queue.stall()).toEqual({ ms: 5, isFull: false })
})

test('reports no stall while it is paused, whatever it takes to read the first events', () => {
  let time = 0
  const queue = createSendQueue({ maxBytes: 100, onOverflow: createOverflowEvent, now: () => time })
  queue.pause()
  queue.enqueue({ key: 'a', bytes: bytes('a1') })
  time = 1_000
  expect(queue.stall()).toBeNull()
  queue.resume([{ key: 'b', bytes: bytes('b1') }])
  expect(queue.stall()).toEqual({ ms: 0, isFull: false })
})

test('never exceeds its limit, never sends decreasing ids, and sends an overflow event for what it drops', async () => {
  const additions = fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), size: fc.nat(60) }), {
    maxLength: 60,
  })
  await fc.assert(
    fc.asyncProperty(additions, async added => {
      const queue = createSendQueue({ maxBytes: 100, onOverflow: createOverflowEvent })
      const newest = new Map<string, number>()
      for (const [at, { name, size }] of added.entries()) {
        newest.set(name, at)
        queue.enqueue({ key: name, bytes: bytes(`${name} ${at} `.padEnd(size)) })
      }
      if (added.length === 0) return
      const all = texts(await queue.dequeueAll()) ?? []
      expect(all.reduce((sum, one) => sum + one.length, 0)).toBeLessThanOrEqual(100)
      const sent = all
        .filter(one => one !== 'resync')
        .map(one => [one.split(' ')[0], Number(one.split(' ')[1])] as const)
      const positions = sent.map(([, at]) => at)
      expect(positions).toEqual(positions.toSorted((a, b) => a - b))
      for (const [name, at] of sent) expect(newest.get(name ?? '')).toBe(at)
      if (!all.includes('resync')) expect(sent.length).toBe(newest.size)
      else expect(all[0]).toBe('resync')
    }),
  )
})

test('an offered event is sent after the others, in the newest version of each key', async () => {
  const queue = createSendQueue({ maxBytes: 100, onOverflow: createOverflowEvent })
  queue.offer({ key: 'p', bytes: bytes('p1') })
  queue.offer({ key: 'q', bytes: bytes('q1') })
  queue.offer({ key: 'p', bytes: bytes('p2') })
  expect(texts(await queue.dequeueAll())).toEqual(['q1', 'p2'])
  const waiting = queue.dequeueAll()
  queue.offer({ key: 'p', bytes: bytes('p3') })
  expect(texts(await waiting)).toEqual(['p3'])
})

test('an offered event is dropped while another waits, and by the next one', async () => {
  const queue = createSendQueue({ maxBytes: 100, onOverflow: createOverflowEvent })
  queue.offer({ key: 'p', bytes: bytes('p1') })
  queue.enqueue({ key: 'a', bytes: bytes('a1') })
  queue.offer({ key: 'p', bytes: bytes('p2') })
  expect(texts(await queue.dequeueAll())).toEqual(['a1'])
  queue.pause()
  queue.offer({ key: 'p', bytes: bytes('p3') })
  queue.resume([{ key: 'b', bytes: bytes('b1') }])
  expect(texts(await queue.dequeueAll())).toEqual(['b1'])
})

test('offered events neither overflow nor stall a queue, however many there are', async () => {
  let time = 0
  const queue = createSendQueue({ maxBytes: 10, onOverflow: createOverflowEvent, now: () => time })
  const image = new Uint8Array(64_000)
  for (let n = 0; n < 50; n++) queue.offer({ key: `p${n}`, bytes: image })
  time = 600_000
  expect(queue.stall()).toBeNull()
  const sent = await queue.dequeueAll()
  expect(sent?.length).toBe(4)
  queue.offer({ key: 'p', bytes: image })
  queue.enqueue({ key: 'a', bytes: bytes('a1') })
  expect(queue.stall()).toEqual({ ms: 0, isFull: false })
  expect(texts(await queue.dequeueAll())).toEqual(['a1'])
})
