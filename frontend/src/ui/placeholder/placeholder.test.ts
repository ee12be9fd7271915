import { expect, test } from 'bun:test'
import { rgbaToThumbHash } from 'thumbhash'
import { placeholderUrl } from './placeholder.ts'

test('decodes a thumbhash once and returns undefined for anything else', () => {
  const pixels = Array.from({ length: 8 * 8 * 4 }, (_, index) => (index % 4 === 3 ? 255 : index))
  const hash = Buffer.from(rgbaToThumbHash(8, 8, pixels)).toString('base64')
  expect(placeholderUrl(hash)).toStartWith('data:image/x-icon;base64,')
  expect(placeholderUrl(hash)).toBe(placeholderUrl(hash))
  expect(placeholderUrl(null)).toBeUndefined()
  expect(placeholderUrl('not base64 at all!')).toBeUndefined()
})

test('a browser without a method for base64 has the same placeholder', () => {
  // The byte at the end is no part of the image: a hash that is known already would not be decoded again.
  const hashOf = (...end: number[]) => Buffer.from([...Buffer.alloc(24, 17), ...end]).toString('base64')
  const { toBase64 } = Uint8Array.prototype
  const expected = placeholderUrl(hashOf())
  Reflect.deleteProperty(Uint8Array.prototype, 'toBase64')
  try {
    expect(placeholderUrl(hashOf(0))).toBe(expected)
  } finally {
    Object.defineProperty(Uint8Array.prototype, 'toBase64', { value: toBase64, configurable: true, writable: true })
  }
})
