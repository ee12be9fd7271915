import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type BodyIntake, createBodyBudget } from './body-budget.ts'

const [KIB, MIB] = [1024, 1024 * 1024]
const CAPACITY = 384 * MIB
const [ALICE, BOB, CAROL] = ['192.0.2.1', '192.0.2.2', '192.0.2.3']

test('collects garbage each time an eighth of the budget has been released', () => {
  let collections = 0
  const budget = createBodyBudget(MIB, { collectGarbage: () => collections++ })
  for (const expected of [0, 1, 1, 2]) {
    const request = createRequest()
    budget.reserve(request, MIB / 16)
    budget.release(request)
    expect(collections).toBe(expected)
  }
})

test('the bytes in use are the sum of the reservations, and never above the budget', () => {
  const requests = Array.from({ length: 4 }, createRequest)
  const step = fc.record({ index: fc.nat(3), bytes: fc.option(fc.nat(600)) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const budget = createBodyBudget(1_000)
      const reserved = requests.map(() => 0)
      for (const { index, bytes } of steps) {
        const request = requests[index] as Request
        if (bytes === null) budget.release(request)
        const isReserved = bytes !== null && succeeds(() => budget.reserve(request, bytes))
        reserved[index] = bytes === null ? 0 : (reserved[index] ?? 0) + (isReserved ? bytes : 0)
        expect(budget.bytesInUse()).toBe(reserved.reduce((sum, one) => sum + one, 0))
        expect(budget.bytesInUse()).toBeLessThanOrEqual(1_000)
      }
      for (const request of requests) budget.release(request)
      expect(budget.bytesInUse()).toBe(0)
    }),
  )
})

test('a body that could never fit is too large from its declared length', () => {
  const { open, bytesInUse } = createStudio()
  expect(() => open(ALICE, 385 * MIB)).toThrow(expect.objectContaining({ code: 'too_large' }))
  expect(bytesInUse()).toBe(0)
})

test('what was announced and has not arrived takes nothing', () => {
  const { open, send, bytesInUse } = createStudio()
  for (const _ of [1, 2, 3, 4]) send(open(ALICE, 300 * MIB), KIB)
  expect(bytesInUse()).toBe(4 * KIB)
  const upload = open(ALICE, 20 * MIB)
  for (const _ of Array(20)) send(upload, MIB)
  expect(upload.evicted.aborted).toBe(false)
})

// Behind one proxy everybody may have one address.
for (const other of [ALICE, BOB]) {
  test(`sixteen uploads that pause at nine tenths give way to one of ${other}, one at a time`, () => {
    const { open, send, pass, bytesInUse } = createStudio()
    const paused = Array.from({ length: 16 }, () => open(ALICE, 26 * MIB))
    for (const _ of Array(24)) for (const upload of paused) send(upload, MIB)
    expect(bytesInUse()).toBe(CAPACITY)
    pass(10_000)
    const upload = open(other, 20 * MIB)
    for (const _ of Array(20)) {
      pass(1_000)
      send(upload, MIB)
    }
    expect(upload.evicted.aborted).toBe(false)
    expect(paused.filter(({ evicted }) => evicted.aborted)).toHaveLength(1)
    expect(paused.find(({ evicted }) => evicted.aborted)?.evicted.reason).toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: expect.any(Number),
    })
  })
}

test('the slowest of those that give way is evicted, and it can add no more', () => {
  const { open, send, pass } = createStudio()
  const [slow, slower] = [open(ALICE, 300 * MIB), open(ALICE, 300 * MIB)]
  send(slow, 192 * MIB)
  send(slower, 191 * MIB)
  for (const _ of Array(8)) {
    pass(1_000)
    send(slow, 32 * KIB)
    send(slower, 8 * KIB)
  }
  send(open(BOB, 20 * MIB), MIB)
  expect([slow.evicted.aborted, slower.evicted.aborted]).toEqual([false, true])
  expect(() => send(slower, 1)).toThrow('too slowly')
})

test('a fast upload that is nearly whole is not evicted for one that has just begun', () => {
  const { open, send, pass } = createStudio()
  const nearly = open(ALICE, 380 * MIB)
  for (const _ of Array(37)) {
    send(nearly, 10 * MIB)
    pass(1_000)
  }
  send(nearly, 9 * MIB)
  const upload = open(BOB, 300 * MIB)
  send(upload, 5 * MIB)
  expect(() => send(upload, MIB)).toThrow(expect.objectContaining({ code: 'unavailable', retryAfterSeconds: 2 }))
  expect(nearly.evicted.aborted).toBe(false)
})

test('two clients that send fast and much do not lock out a third', () => {
  const { open, send, pass } = createStudio()
  const greedy = [ALICE, ALICE, ALICE, BOB, BOB, BOB].map(client => open(client, 64 * MIB))
  for (const _ of Array(60)) {
    for (const upload of greedy) send(upload, MIB)
    pass(100)
  }
  const upload = open(CAROL, 60 * MIB)
  for (const _ of Array(60)) {
    send(upload, MIB)
    for (const body of greedy) succeeds(() => send(body, 1))
    pass(50)
  }
  expect(upload.evicted.aborted).toBe(false)
  expect(greedy.filter(({ evicted }) => evicted.aborted)).toHaveLength(1)
})

test('a client with several bodies and more than half gives way to a client with less, however fast it is', () => {
  const { open, send, pass } = createStudio()
  const fast = [open(ALICE, 195 * MIB), open(ALICE, 195 * MIB)]
  for (const _ of Array(19)) {
    for (const upload of fast) send(upload, 10 * MIB)
    pass(1_000)
  }
  const upload = open(BOB, 20 * MIB)
  for (const _ of Array(20)) send(upload, MIB)
  expect(fast.filter(({ evicted }) => evicted.aborted)).toHaveLength(1)
})

test('memory for what a handler loads is taken from a body that has stopped, and from no other', () => {
  const { open, send, pass, reserve } = createStudio()
  const [fast, stopped] = [open(ALICE, 300 * MIB), open(ALICE, 300 * MIB)]
  send(stopped, 180 * MIB)
  for (const _ of Array(20)) {
    send(fast, 10 * MIB)
    pass(1_000)
  }
  reserve(20 * MIB)
  expect([fast.evicted.aborted, stopped.evicted.aborted]).toEqual([false, true])
  reserve(160 * MIB)
  expect(() => reserve(20 * MIB)).toThrow(expect.objectContaining({ code: 'unavailable' }))
  expect(fast.evicted.aborted).toBe(false)
})

test('a body that is whole is not evicted while it is worked on', () => {
  const { open, send, pass } = createStudio()
  const whole = open(ALICE, CAPACITY)
  send(whole, CAPACITY)
  whole.complete()
  pass(60_000)
  expect(() => send(open(BOB, MIB), KIB)).toThrow(expect.objectContaining({ code: 'unavailable' }))
  expect(whole.evicted.aborted).toBe(false)
})

test('of too many bodies of one client the slowest gives way; all at once are refused', () => {
  const { open, send, pass } = createStudio()
  const bodies = Array.from({ length: 64 }, () => open(ALICE, MIB))
  expect(() => open(ALICE, MIB)).toThrow(expect.objectContaining({ code: 'too_many', retryAfterSeconds: 2 }))
  open(BOB, MIB)
  pass(3_000)
  for (const body of bodies.slice(1)) send(body, 100 * KIB)
  open(ALICE, MIB)
  expect(bodies.map(({ evicted }) => evicted.aborted).indexOf(true)).toBe(0)
  expect(bodies.filter(({ evicted }) => evicted.aborted)).toHaveLength(1)
})

/** Creates a budget with a clock of its own. */
function createStudio() {
  let time = 0
  const budget = createBodyBudget(CAPACITY, { now: () => time })
  return {
    open: (client: string, declaredBytes: number) =>
      budget.open(createRequest(), { client, declaredBytes, expectedBytes: declaredBytes }),
    send: (intake: BodyIntake, bytes: number) => intake.add(bytes),
    pass: (milliseconds: number) => {
      time += milliseconds
    },
    reserve: (bytes: number) => budget.reserve(createRequest(), bytes),
    bytesInUse: budget.bytesInUse,
  }
}

function createRequest(): Request {
  return new Request('http://localhost/')
}

function succeeds(work: () => void): boolean {
  try {
    work()
    return true
  } catch {
    return false
  }
}
