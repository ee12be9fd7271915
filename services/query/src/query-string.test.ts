import { expect, test } from 'bun:test'
import { splitAtCommas } from './comma-list.ts'
import { readQueryString } from './query-string.ts'

const read = (query: string) => readQueryString(`http://localhost/api?${query}`)

test('reads texts as they are, and a list where a name that takes several values is repeated', () => {
  expect(read('q=a%20fox,+in%2Cthe snow')).toEqual({ q: 'a fox, in,the snow' })
  expect(read('q=[1]&p={"a":1}&r=null')).toEqual({ q: '[1]', p: '{"a":1}', r: 'null' })
  expect(read('status=a&status=b&r=')).toEqual({ status: ['a', 'b'], r: '' })
  expect(Object.keys(read('__proto__=1&constructor=2'))).toEqual(['__proto__', 'constructor'])
  expect(read('')).toEqual({})
})

test('refuses a name that takes one value and is repeated, and says which', () => {
  expect(() => read('limit=1&q=a&q=b')).toThrow('q is given 2 times, and takes one value.')
  expect(() => read('limit=1&limit=1')).toThrow('limit is given 2 times, and takes one value.')
})

test.each([
  ['a,b', ['a', 'b']],
  [
    ['a', 'b'],
    ['a', 'b'],
  ],
  [
    ['a,b', 'c'],
    ['a', 'b', 'c'],
  ],
  [' a , b\t', ['a', 'b']],
  ['a,,b', ['a', '', 'b']],
  ['', ['']],
  [undefined, undefined],
])('splits %j into %j', (value, items) => {
  expect(splitAtCommas(value)).toEqual(items)
})
