import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { createSendQueue } from './send-queue.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const texts = (all: Uint8Array[] | undefined) => all?.map(one => new TextDecoder().decode(one))
const createOverflowEvent = () => ({ key: 'resync', bytes: bytes('resync') })

test('of several with one name the last is sent, where the last was put', async () => {
  const backlog = createSendQueue({ maxBytes: 100, onOverflow: createOverflowEvent })
  backlog.enqueue({ key: 'a', bytes: bytes('a1') })
  backlog.enqueue({ key: 'b', bytes: bytes('b1') })
  backlog.enqueue({ key: 'a', bytes: bytes('a2') })
  expect(texts(await backlog.dequeueAll())).toEqual(['b1', 'a2'])
})

test('who waits is given what comes, and nothing once it is closed', async () => {
  const backlog = createSendQueue({ maxBytes: 100, onOverflow: createOverflowEvent })
  const first = backlog.dequeueAll()
  backlog.enqueue({ key: 'a', bytes: bytes('a1') })
  expect(texts(await first)).toEqual(['a1'])
  const second = backlog.dequeueAll()
  backlog.close()
  expect(await second).toBeUndefined()
  backlog.enqueue({ key: 'a', bytes: bytes('a2') })
  expect(await backlog.dequeueAll()).toBeUndefined()
})

test('what is held comes after what is said first, and takes its place where it tells of the same', async () => {
  const backlog = createSendQueue({ maxBytes: 100, onOverflow: createOverflowEvent })
  backlog.pause()
  backlog.enqueue({ key: 'a', bytes: bytes('a2') })
  const taken = backlog.dequeueAll()
  backlog.enqueue({ key: 'b', bytes: bytes('b2') })
  backlog.resume([
    { key: 'c', bytes: bytes('c1') },
    { key: 'a', bytes: bytes('a1') },
    { key: 'd', bytes: bytes('d1') },
  ])
  expect(texts(await taken)).toEqual(['c1', 'd1', 'a2', 'b2'])
})

test('what is held is forgotten when it is closed', async () => {
  const backlog = createSendQueue({ maxBytes: 100, onOverflow: createOverflowEvent })
  backlog.pause()
  backlog.enqueue({ key: 'a', bytes: bytes('a1') })
  const taken = backlog.dequeueAll()
  backlog.close()
  backlog.resume([{ key: 'b', bytes: bytes('b1') }])
  expect(await taken).toBeUndefined()
  expect(await backlog.dequeueAll()).toBeUndefined()
})

test('too much while it is held is asked for again, after what is said first', async () => {
  const backlog = createSendQueue({ maxBytes: 10, onOverflow: createOverflowEvent })
  backlog.pause()
  for (const name of ['a', 'b', 'c']) backlog.enqueue({ key: name, bytes: bytes(`${name} long`) })
  backlog.resume([{ key: 'd', bytes: bytes('d1') }])
  expect(texts(await backlog.dequeueAll())).toEqual(['d1', 'resync'])
})

test('it never holds more than it may, ids never fall, and what is not said is asked for again', async () => {
  const puts = fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), size: fc.nat(60) }), {
    maxLength: 60,
  })
  await fc.assert(
    fc.asyncProperty(puts, async given => {
      const backlog = createSendQueue({ maxBytes: 100, onOverflow: createOverflowEvent })
      const newest = new Map<string, number>()
      for (const [at, { name, size }] of given.entries()) {
        newest.set(name, at)
        backlog.enqueue({ key: name, bytes: bytes(`${name} ${at} `.padEnd(size)) })
      }
      if (given.length === 0) return
      const all = texts(await backlog.dequeueAll()) ?? []
      expect(all.reduce((sum, one) => sum + one.length, 0)).toBeLessThanOrEqual(100)
      const said = all
        .filter(one => one !== 'resync')
        .map(one => [one.split(' ')[0], Number(one.split(' ')[1])] as const)
      const places = said.map(([, at]) => at)
      expect(places).toEqual(places.toSorted((a, b) => a - b))
      for (const [name, at] of said) expect(newest.get(name ?? '')).toBe(at)
      if (!all.includes('resync')) expect(said.length).toBe(newest.size)
      else expect(all[0]).toBe('resync')
    }),
  )
})
