import { expect, test } from 'bun:test'
import { parseSearch } from './search.ts'

const CASES: [string, ReturnType<typeof parseSearch>][] = [
  ['', null],
  ['  " "', null],
  ['fox', { prefixes: ['fox'], phrases: [] }],
  [' red\tfox ', { prefixes: ['red', 'fox'], phrases: [] }],
  ['"red fox"', { prefixes: [], phrases: ['red fox'] }],
  ['snow "red fox" dawn', { prefixes: ['snow', 'dawn'], phrases: ['red fox'] }],
  ['"red fox" "blue b', { prefixes: ['blue b'], phrases: ['red fox'] }],
  ['snow "', { prefixes: ['snow'], phrases: [] }],
  ['red,fox， snow、dawn', { prefixes: ['red', 'fox', 'snow', 'dawn'], phrases: [] }],
  ['\u201Cred, fox\u201D', { prefixes: [], phrases: ['red, fox'] }],
  ['{"a":1}', { prefixes: ['{', ':1}'], phrases: ['a'] }],
  ['a b a "c" "c" a', { prefixes: ['a', 'b'], phrases: ['c'] }],
  ['"a""b"', { prefixes: [], phrases: ['a', 'b'] }],
]

for (const [input, search] of CASES) {
  test(`parses ${JSON.stringify(input)} as ${JSON.stringify(search)}`, () => {
    expect(parseSearch(input)).toEqual(search)
  })
}
