import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type ByteReservation, createByteBudget } from './byte-budget.ts'

const TOTAL = 100
const forever = new AbortController().signal

/** One step of the model: a new reservation, or an operation on an earlier one. */
const step = fc.oneof(
  fc.record({ does: fc.constant('reserve' as const), bytes: fc.integer({ min: 0, max: 150 }) }),
  fc.record({ does: fc.constant('release' as const), index: fc.nat() }),
  fc.record({ does: fc.constant('shrink' as const), index: fc.nat(), bytes: fc.integer({ min: 0, max: 150 }) }),
  fc.record({ does: fc.constant('abort' as const), index: fc.nat() }),
)

interface Reserver {
  order: number
  wanted: number
  reserved: number
  reservation: ByteReservation | null
  isAborted: boolean
  controller: AbortController
}

test('never reserves more than the total, serves in order of arrival and gets every byte back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const budget = createByteBudget(TOTAL)
      const reservers: Reserver[] = []
      const served: number[] = []
      const reserve = (bytes: number) => {
        const controller = new AbortController()
        const wanted = Math.min(bytes, TOTAL)
        const order = reservers.length
        const reserver: Reserver = { order, wanted, reserved: 0, reservation: null, isAborted: false, controller }
        reservers.push(reserver)
        const onReserved = (reservation: ByteReservation) => {
          Object.assign(reserver, { reservation, reserved: wanted })
          served.push(reserver.order)
        }
        budget.reserve(bytes, controller.signal).then(onReserved, () => {
          reserver.isAborted = true
        })
      }
      const shrink = (reserver: Reserver, bytes: number) => {
        reserver.reservation?.shrinkTo(bytes)
        reserver.reserved = Math.min(reserver.reserved, bytes)
      }
      for (const step of steps) {
        const reserver = step.does === 'reserve' ? undefined : reservers[step.index % Math.max(1, reservers.length)]
        if (step.does === 'reserve') reserve(step.bytes)
        if (reserver && step.does === 'release') shrink(reserver, 0)
        if (reserver && step.does === 'shrink') shrink(reserver, step.bytes)
        if (reserver && step.does === 'abort') reserver.controller.abort()
        await settled()
        expect(budget.reserved).toBeLessThanOrEqual(TOTAL)
        expect(budget.reserved).toBe(reservers.reduce((sum, { reserved }) => sum + reserved, 0))
        expect(served).toEqual(served.toSorted((a, b) => a - b))
        // The first waiter is served as soon as enough bytes are free.
        const first = reservers.find(({ reservation, isAborted }) => reservation === null && !isAborted)
        if (first) expect(budget.reserved + first.wanted).toBeGreaterThan(TOTAL)
      }
      for (const { controller } of reservers) controller.abort()
      await settled()
      for (const { reservation } of reservers) reservation?.[Symbol.dispose]()
      await settled()
      expect(budget.reserved).toBe(0)
    }),
    { numRuns: 200 },
  )
})

test('a reservation above the total gets the whole budget, alone', async () => {
  const budget = createByteBudget(TOTAL)
  const small = await budget.reserve(1, forever)
  let isServed = false
  const large = budget.reserve(10 * TOTAL, forever).then(reservation => {
    isServed = true
    return reservation
  })
  const behind = budget.reserve(1, forever)
  await settled()
  expect(isServed).toBe(false)
  small[Symbol.dispose]()
  const reservation = await large
  expect(budget.reserved).toBe(TOTAL)
  reservation[Symbol.dispose]()
  reservation[Symbol.dispose]()
  ;(await behind)[Symbol.dispose]()
  expect(budget.reserved).toBe(0)
})

test('an aborted reservation rejects with the reason, reserves nothing and makes way for the next', async () => {
  const budget = createByteBudget(TOTAL)
  const controller = new AbortController()
  const whole = await budget.reserve(TOTAL, forever)
  const aborted = budget.reserve(TOTAL, controller.signal)
  const next = budget.reserve(10, forever)
  whole.shrinkTo(50)
  controller.abort(new Error('lease lost'))
  await expect(aborted).rejects.toThrow('lease lost')
  expect(budget.reserved).toBe(60)
  ;(await next)[Symbol.dispose]()
  await expect(budget.reserve(1, controller.signal)).rejects.toThrow('lease lost')
  expect(budget.reserved).toBe(50)
})

test('a large reservation waits for its turn, and those behind it wait as well', async () => {
  const budget = createByteBudget(10)
  const order: string[] = []
  const take = async (name: string, bytes: number) => {
    const reservation = await budget.reserve(bytes, forever)
    order.push(name)
    return reservation
  }
  const first = await take('first', 6)
  const big = take('big', 50)
  const small = take('small', 1)
  await settled()
  expect(order).toEqual(['first'])
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  const bigDone = await big
  expect(order).toEqual(['first', 'big'])
  bigDone[Symbol.dispose]()
  ;(await small)[Symbol.dispose]()
  expect(order).toEqual(['first', 'big', 'small'])
})

test('a waiter that is aborted makes way and gets nothing', async () => {
  const budget = createByteBudget(10)
  const first = await budget.reserve(8, forever)
  const controller = new AbortController()
  const aborted = budget.reserve(10, controller.signal)
  const next = budget.reserve(2, forever)
  controller.abort(new Error('enough'))
  await expect(aborted).rejects.toThrow('enough')
  ;(await next)[Symbol.dispose]()
  first[Symbol.dispose]()
  ;(await budget.reserve(10, forever))[Symbol.dispose]()
})

test('collects garbage each time that half of the total has been released', async () => {
  const collected: string[] = []
  const budget = createByteBudget(10, { collectGarbage: () => void collected.push('now') })
  for (let round = 0; round < 6; round++) (await budget.reserve(2, forever))[Symbol.dispose]()
  expect(collected).toHaveLength(2)
})

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve()
}
