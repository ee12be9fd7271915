import { expect, test } from 'bun:test'
import { mapInOrder } from './map-in-order.ts'

async function* count(end: number, onTaken: (n: number) => void = () => {}) {
  for (let n = 0; n < end; n++) {
    onTaken(n)
    yield n
  }
}

test('yields the results in the order of the items, with as much work at once as allowed', async () => {
  let [active, most] = [0, 0]
  const full = Promise.withResolvers<void>()
  const work = async (n: number) => {
    active += 1
    most = Math.max(most, active)
    if (active === 4) full.resolve()
    // The first items end last.
    await full.promise
    for (let turn = n; turn < 50; turn++) await Promise.resolve()
    active -= 1
    return n * 2
  }
  expect(await Array.fromAsync(mapInOrder(count(50), 4, work))).toEqual(Array.from({ length: 50 }, (_, n) => n * 2))
  expect(most).toBe(4)
})

test('takes no more items than it works on, and waits for the work that has begun when it fails', async () => {
  let taken = 0
  const ended: number[] = []
  const results = mapInOrder(
    count(Number.POSITIVE_INFINITY, () => {
      taken += 1
    }),
    3,
    async n => {
      await Promise.resolve()
      if (n === 5) throw new Error('five')
      ended.push(n)
      return n
    },
  )
  await expect(Array.fromAsync(results)).rejects.toThrow('five')
  expect(taken).toBeLessThan(10)
  expect(ended).toEqual(expect.arrayContaining([0, 1, 2, 3, 4]))
})
