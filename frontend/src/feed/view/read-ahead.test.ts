import { expect, test } from 'bun:test'
import { sidesToRead } from './read-ahead.ts'

const IDLE = { older: 'idle', newer: 'idle' } as const

function sidesAt(startIndex: number, endIndex: number, rowCount = 1_000) {
  return sidesToRead({ range: { startIndex, endIndex }, rowCount, loadState: IDLE })
}

test('reads a side when fewer than 60 rows are left there', () => {
  expect(sidesAt(500, 504)).toEqual([])
  expect(sidesAt(60, 64)).toEqual([])
  expect(sidesAt(59, 63)).toEqual(['older'])
  expect(sidesAt(935, 939)).toEqual([])
  expect(sidesAt(936, 940)).toEqual(['newer'])
  expect(sidesAt(10, 14, 50)).toEqual(['older', 'newer'])
})

test('reads no side that is being read or failed', () => {
  const input = { range: { startIndex: 0, endIndex: 4 }, rowCount: 50 }
  expect(sidesToRead({ ...input, loadState: { older: 'loading', newer: 'idle' } })).toEqual(['newer'])
  expect(sidesToRead({ ...input, loadState: { older: 'failed', newer: 'failed' } })).toEqual([])
})

test('reads nothing older before rows are rendered', () => {
  expect(sidesToRead({ range: null, rowCount: 1_000, loadState: IDLE })).toEqual([])
  expect(sidesToRead({ range: null, rowCount: 50, loadState: IDLE })).toEqual(['newer'])
})
