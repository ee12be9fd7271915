import { expect, test } from 'bun:test'
import { formatQueuePosition } from './queue-words.ts'

test('formats a position in a queue', () => {
  const positions = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111, 1_003]
  const words = ['next', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '22nd', '101st', '111th', '1003rd']
  expect(positions.map(formatQueuePosition)).toEqual(words.map(word => `${word} in the queue`))
})
