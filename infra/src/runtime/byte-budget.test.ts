import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type ByteReservation, createByteBudget } from './byte-budget.ts'

const TOTAL = 100
const forever = new AbortController().signal

/** What somebody does: ask for so many bytes, or something to one of those who have asked. */
const step = fc.oneof(
  fc.record({ does: fc.constant('ask' as const), bytes: fc.integer({ min: 0, max: 150 }) }),
  fc.record({ does: fc.constant('release' as const), who: fc.nat() }),
  fc.record({ does: fc.constant('shrink' as const), who: fc.nat(), bytes: fc.integer({ min: 0, max: 150 }) }),
  fc.record({ does: fc.constant('abort' as const), who: fc.nat() }),
)

interface Asker {
  order: number
  wants: number
  held: number
  share: ByteReservation | null
  isOver: boolean
  controller: AbortController
}

test('never more than there is, in the order they came, and whoever leaves gives all of it back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const budget = createByteBudget(TOTAL)
      const askers: Asker[] = []
      const served: number[] = []
      const ask = (bytes: number) => {
        const controller = new AbortController()
        const wants = Math.min(bytes, TOTAL)
        const asker: Asker = { order: askers.length, wants, held: 0, share: null, isOver: false, controller }
        askers.push(asker)
        const taken = (share: ByteReservation) => {
          Object.assign(asker, { share, held: wants })
          served.push(asker.order)
        }
        budget.reserve(bytes, controller.signal).then(taken, () => {
          asker.isOver = true
        })
      }
      const letGo = (asker: Asker, bytes: number) => {
        asker.share?.shrinkTo(bytes)
        asker.held = Math.min(asker.held, bytes)
      }
      for (const each of steps) {
        const asker = each.does === 'ask' ? undefined : askers[each.who % Math.max(1, askers.length)]
        if (each.does === 'ask') ask(each.bytes)
        if (asker && each.does === 'release') letGo(asker, 0)
        if (asker && each.does === 'shrink') letGo(asker, each.bytes)
        if (asker && each.does === 'abort') asker.controller.abort()
        await settled()
        expect(budget.reserved).toBeLessThanOrEqual(TOTAL)
        expect(budget.reserved).toBe(askers.reduce((sum, { held }) => sum + held, 0))
        expect(served).toEqual(served.toSorted((a, b) => a - b))
        // Nobody waits beside bytes that are free and enough for the first in the line.
        const first = askers.find(({ share, isOver }) => share === null && !isOver)
        if (first) expect(budget.reserved + first.wants).toBeGreaterThan(TOTAL)
      }
      for (const asker of askers) asker.controller.abort()
      await settled()
      for (const asker of askers) asker.share?.[Symbol.dispose]()
      await settled()
      expect(budget.reserved).toBe(0)
    }),
    { numRuns: 200 },
  )
})

test('one that wants more than there is gets it alone, and does not wait for ever', async () => {
  const budget = createByteBudget(TOTAL)
  const small = await budget.reserve(1, forever)
  let isServed = false
  const large = budget.reserve(10 * TOTAL, forever).then(share => {
    isServed = true
    return share
  })
  const behind = budget.reserve(1, forever)
  await settled()
  expect(isServed).toBe(false)
  small[Symbol.dispose]()
  const share = await large
  expect(budget.reserved).toBe(TOTAL)
  share[Symbol.dispose]()
  share[Symbol.dispose]()
  ;(await behind)[Symbol.dispose]()
  expect(budget.reserved).toBe(0)
})

test('who is no longer interested is told why, holds up nobody, and begins nothing', async () => {
  const budget = createByteBudget(TOTAL)
  const controller = new AbortController()
  const held = await budget.reserve(TOTAL, forever)
  const leaving = budget.reserve(TOTAL, controller.signal)
  const next = budget.reserve(10, forever)
  held.shrinkTo(50)
  controller.abort(new Error('lease lost'))
  await expect(leaving).rejects.toThrow('lease lost')
  expect(budget.reserved).toBe(60)
  ;(await next)[Symbol.dispose]()
  await expect(budget.reserve(1, controller.signal)).rejects.toThrow('lease lost')
  expect(budget.reserved).toBe(50)
})

test('whoever wants more than there is waits for its turn, and those behind it wait, too', async () => {
  const budget = createByteBudget(10)
  const order: string[] = []
  const take = async (name: string, bytes: number) => {
    const share = await budget.reserve(bytes, forever)
    order.push(name)
    return share
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

test('who stops waiting makes way, and gets nothing', async () => {
  const budget = createByteBudget(10)
  const held = await budget.reserve(8, forever)
  const impatient = new AbortController()
  const gone = budget.reserve(10, impatient.signal)
  const next = budget.reserve(2, forever)
  impatient.abort(new Error('enough'))
  await expect(gone).rejects.toThrow('enough')
  ;(await next)[Symbol.dispose]()
  held[Symbol.dispose]()
  ;(await budget.reserve(10, forever))[Symbol.dispose]()
})

test('what was given back is collected now and then', async () => {
  const collected: string[] = []
  const budget = createByteBudget(10, { collectGarbage: () => void collected.push('now') })
  for (let round = 0; round < 6; round++) (await budget.reserve(2, forever))[Symbol.dispose]()
  expect(collected).toHaveLength(2)
})

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve()
}
