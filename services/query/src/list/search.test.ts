import { expect, test } from 'bun:test'
import { readSearch } from './search.ts'

const TYPED: [string, ReturnType<typeof readSearch>][] = [
  ['', null],
  ['  " "', null],
  ['fox', { beginnings: ['fox'], phrases: [] }],
  [' red\tfox ', { beginnings: ['red', 'fox'], phrases: [] }],
  ['"red fox"', { beginnings: [], phrases: ['red fox'] }],
  ['snow "red fox" dawn', { beginnings: ['snow', 'dawn'], phrases: ['red fox'] }],
  ['"red fox" "blue b', { beginnings: ['blue b'], phrases: ['red fox'] }],
  ['snow "', { beginnings: ['snow'], phrases: [] }],
  ['"a""b"', { beginnings: [], phrases: ['a', 'b'] }],
]

for (const [typed, search] of TYPED) {
  test(`${JSON.stringify(typed)} looks for ${JSON.stringify(search)}`, () => {
    expect(readSearch(typed)).toEqual(search)
  })
}
