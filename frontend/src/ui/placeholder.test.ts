import { expect, test } from 'bun:test'
import { rgbaToThumbHash } from 'thumbhash'
import { placeholderUrl } from './placeholder.ts'

test('decodes a thumbhash once and returns undefined for anything else', () => {
  const pixels = Array.from({ length: 8 * 8 * 4 }, (_, index) => (index % 4 === 3 ? 255 : index))
  const hash = Buffer.from(rgbaToThumbHash(8, 8, pixels)).toString('base64')
  expect(placeholderUrl(hash)).toStartWith('data:image/bmp;base64,')
  expect(placeholderUrl(hash)).toBe(placeholderUrl(hash))
  expect(placeholderUrl(null)).toBeUndefined()
  expect(placeholderUrl('not base64 at all!')).toBeUndefined()
})
