import { expect, test } from 'bun:test'
import { readQueryString } from './query-string.ts'

test('reads texts as they are, and a list where a name is repeated', () => {
  const read = (query: string) => readQueryString(`http://localhost/api?${query}`)
  expect(read('q=a%20fox,+in%2Cthe snow')).toEqual({ q: 'a fox, in,the snow' })
  expect(read('q=[1]&p={"a":1}&r=null')).toEqual({ q: '[1]', p: '{"a":1}', r: 'null' })
  expect(read('q=a&q=b&r=')).toEqual({ q: ['a', 'b'], r: '' })
  expect(Object.keys(read('__proto__=1&constructor=2'))).toEqual(['__proto__', 'constructor'])
  expect(read('')).toEqual({})
})
