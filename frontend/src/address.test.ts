import { expect, test } from 'bun:test'
import { formatAddress, parseAddress } from './address.ts'

const ID = '01930000-0000-7000-8000-000000000001'

test('parses the generation of an address and the share of the history state', () => {
  expect(parseAddress({ hash: `#g=${ID}`, state: null })).toEqual({ around: ID })
  expect(parseAddress({ hash: `#g=${ID}`, state: { id: ID, share: 0.25 } })).toEqual({ around: ID, share: 0.25 })
  expect(parseAddress({ hash: `#g=${ID}`, state: { id: 'another', share: 0.25 } })).toEqual({ around: ID })
  expect(parseAddress({ hash: formatAddress({ id: ID, share: 0.5 }), state: { id: ID, share: 0.5 } })).toEqual({
    around: ID,
    share: 0.5,
  })
})

test('opens the newest for any other address', () => {
  for (const hash of ['', '#', '#g=', '#g=1', '#g=../x', `#h=${ID}`, formatAddress(null)]) {
    expect(parseAddress({ hash, state: { id: ID, share: Number.NaN } })).toBe('newest')
  }
})
