import { expect, test } from 'bun:test'
import { indexAfterKey } from './key-moves.ts'

test.each([
  ['ArrowUp', 5, 4],
  ['ArrowDown', 5, 6],
  ['PageUp', 35, 5],
  ['Home', 35, 0],
  ['End', 5, 99],
  ['ArrowUp', 0, 0],
  ['PageDown', 90, 99],
])('%s moves from day %d to day %d of 100', (key, from, to) => {
  expect(indexAfterKey(key, from, 99)).toBe(to)
})

test('ignores other keys', () => {
  expect(indexAfterKey('Enter', 5, 99)).toBeUndefined()
})
