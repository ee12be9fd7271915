import { expect, test } from 'bun:test'
import { MAX_LINEAR_GROWTH, measureGrowth } from '@darkroom/infra/testing/measure-cpu'
import { type Encoding, selectEncoding } from './accept-encoding.ts'

test.each<[string | null, Encoding]>([
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip, deflate', 'gzip'],
  ['br;q=0.5, gzip;q=0.8', 'gzip'],
  ['GZIP', 'gzip'],
  ['x-gzip', 'gzip'],
  ['gzip ; q=1.0', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['br;q=0.0, gzip;q=0.000', 'identity'],
  ['*', 'br'],
  ['br;q=0, *', 'gzip'],
  ['*;q=0', 'identity'],
  ['identity', 'identity'],
  ['identity, gzip;q=0.5', 'identity'],
  ['identity;q=0.2, gzip;q=0.5', 'gzip'],
  ['identity;q=0, gzip;q=0.1', 'gzip'],
  ['identity;q=0', 'identity'],
  ['gzip;q=2, br;q=x', 'identity'],
  ['deflate, zstd', 'identity'],
  ['', 'identity'],
  [null, 'identity'],
])('for %p selects %s of br and gzip', (header, expected) => {
  expect(selectEncoding(header, ['br', 'gzip'])).toBe(expected)
})

test('selects what is available alone, and identity where nothing is', () => {
  expect(selectEncoding('br, gzip', ['gzip'])).toBe('gzip')
  expect(selectEncoding('br, gzip', [])).toBe('identity')
})

test('decides between equal weights by its own order', () => {
  expect(selectEncoding('gzip, zstd', ['zstd', 'gzip'])).toBe('zstd')
  expect(selectEncoding('zstd, gzip', ['gzip', 'zstd'])).toBe('gzip')
})

test.each([
  ['blanks', (length: number) => `gzip${' '.repeat(length)}x`],
  ['blanks and commas', (length: number) => ' ,'.repeat(length / 2)],
  ['letters', (length: number) => `${'a'.repeat(length)} x`],
  ['weights', (length: number) => 'a;q=0.1 ;q=0.1 '.repeat(length / 15)],
])('reads a long header of %s in linear time', (_name, create) => {
  expect(measureGrowth(create, 80_000, header => selectEncoding(header, ['br']))).toBeLessThan(MAX_LINEAR_GROWTH)
})
