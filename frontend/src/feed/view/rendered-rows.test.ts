import { expect, test } from 'bun:test'
import { selectWholeRows } from './rendered-rows.ts'

const positions = ['a', 'b', 'c'].map((key, index) => ({ key, index, start: index * 100 }))

test('renders all rows whole, and during fast scrolling only those that are whole already', () => {
  expect(selectWholeRows({ positions, isFastScrolling: false, before: [] })).toEqual(['a', 'b', 'c'])
  expect(selectWholeRows({ positions, isFastScrolling: true, before: ['b', 'gone'] })).toEqual(['b'])
})
