import { expect, test } from 'bun:test'
import { parsePageAddress } from './page-address.ts'

test.each([
  ['#settings', { name: 'connections', rest: '' }],
  ['#settings/connections', { name: 'connections', rest: '' }],
  ['#settings/connections/', { name: 'connections', rest: '' }],
  ['#settings/connections/edit/a/b', { name: 'connections', rest: 'edit/a/b' }],
  ['#usage', { name: 'usage', rest: '' }],
  ['#usage/2026-11', { name: 'usage', rest: '2026-11' }],
] as const)('%s is an address of a page', (hash, expected) => {
  expect(parsePageAddress(hash)).toEqual(expected)
})

test('any other address is one of the feed', () => {
  for (const hash of ['', '#', '#g=01930000-0000-7000-8000-000000000001', '#settingsx', '#usages', '#settings/else']) {
    expect(parsePageAddress(hash)).toBeNull()
  }
})
