import { expect, test } from 'bun:test'
import { createBudget } from './budget.ts'

const never = new AbortController().signal

test('never more is taken than there is, in turn, and whoever wants more than all gets all', async () => {
  const budget = createBudget(10)
  const order: string[] = []
  const take = async (name: string, bytes: number) => {
    const giveBack = await budget.take(bytes, never)
    order.push(name)
    return giveBack
  }
  const first = await take('first', 6)
  const big = take('big', 50)
  const small = take('small', 1)
  await Promise.resolve()
  expect(order).toEqual(['first'])
  first()
  first()
  const bigDone = await big
  expect(order).toEqual(['first', 'big'])
  bigDone()
  ;(await small)()
  expect(order).toEqual(['first', 'big', 'small'])
})

test('who stops waiting makes way, and gets nothing', async () => {
  const budget = createBudget(10)
  const held = await budget.take(8, never)
  const impatient = new AbortController()
  const gone = budget.take(10, impatient.signal)
  const next = budget.take(2, never)
  impatient.abort(new Error('enough'))
  expect(gone).rejects.toThrow('enough')
  ;(await next)()
  held()
  ;(await budget.take(10, never))()
})

test('what was given back is collected now and then', async () => {
  const collected: string[] = []
  const budget = createBudget(10, { collect: () => void collected.push('now') })
  for (let round = 0; round < 6; round++) (await budget.take(2, never))()
  expect(collected).toHaveLength(2)
})
