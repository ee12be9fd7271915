import { expect, test } from 'bun:test'
import { buildGeneration } from '../store/generation.fixture.ts'
import { formatCost, formatEstimatedCost, formatMoney, formatPrice } from './money.ts'

test('formats money in its currency, small amounts with the digits that they need', () => {
  const amounts = [0, 0.04, 0.039, 0.16, 0.1649, 0.003, 0.00065, 0.0000031, 12]
  expect(amounts.map(amount => formatMoney({ amount, currency: 'USD' }))).toEqual([
    '$0.00',
    '$0.04',
    '$0.039',
    '$0.16',
    '$0.165',
    '$0.003',
    '$0.00065',
    '$0.000003',
    '$12.00',
  ])
  expect(formatMoney({ amount: 2, currency: 'credits' })).toBe('2.00 credits')
})

test('formats a price for the list, and the cost of a submission', () => {
  expect([null, 0, 39_000].map(micros => formatPrice(micros, 'USD'))).toEqual(['–', 'free', '$0.039'])
  expect(formatEstimatedCost(40_000, 'USD', 1)).toBe('about $0.04 each')
  expect(formatEstimatedCost(40_000, 'USD', 4)).toBe('about $0.16')
  expect([null, 0].map(micros => formatEstimatedCost(micros, 'USD', 4))).toEqual(['price unknown', 'free'])
})

test('formats what a generation has cost, and whether that is an estimate', () => {
  const cost = (amount: number, estimated: boolean) => ({ amount, currency: 'USD', estimated })
  const free = { price: { kind: 'free' } } as Parameters<typeof formatCost>[1]
  expect(formatCost(buildGeneration({ cost: cost(0.16, false) }), undefined)).toBe('$0.16')
  expect(formatCost(buildGeneration({ cost: cost(0.16, true) }), undefined)).toBe('about $0.16')
  expect(formatCost(buildGeneration({ cost: cost(0, false) }), undefined)).toBe('free')
  expect(formatCost(buildGeneration({ cost: null }), free)).toBe('free')
  expect(formatCost(buildGeneration({ cost: null }), undefined)).toBeUndefined()
  expect(formatCost(buildGeneration({ status: 'failed', cost: cost(0, false) }), undefined)).toBe('not billed')
  expect(formatCost(buildGeneration({ status: 'failed', cost: cost(0.04, true) }), undefined)).toBe('about $0.04')
  expect(formatCost(buildGeneration({ status: 'failed', cost: null }), free)).toBe('not billed')
  expect(formatCost(buildGeneration({ status: 'failed', cost: null }), undefined)).toBeUndefined()
})
