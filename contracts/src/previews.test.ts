import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { PREVIEW_WIDTHS, previewKey, previewUrlAtWidth } from './previews.ts'
import { mediaUrl } from './routes.ts'

const key = fc.stringMatching(/^w\/[a-z0-9-]{4}\/gen\/[a-z0-9.-]{1,12}\/\d\.(png|jpg|webp|avif|gif)$/)
const width = fc.constantFrom(...PREVIEW_WIDTHS)
const largest = Math.max(...PREVIEW_WIDTHS) as (typeof PREVIEW_WIDTHS)[number]

test('derives the URL of every preview from that of the largest', () => {
  fc.assert(
    fc.property(key, width, (object, wanted) => {
      expect(previewUrlAtWidth(mediaUrl(previewKey(object, largest)), wanted)).toBe(
        mediaUrl(previewKey(object, wanted)),
      )
    }),
  )
})

test('a preview has the key of its object with another extension', () => {
  expect(previewKey('w/a.b/ref/c.png', 320)).toBe('w/a.b/ref/c.w320.webp')
  expect(previewKey('w/a.b/ref/c', 960)).toBe('w/a.b/ref/c.w960.webp')
})

test('returns a URL that is no preview unchanged', () => {
  for (const url of ['/media/remote/0190/0', '/media/a.png', '/media/a.w960.webp.png', ''])
    expect(previewUrlAtWidth(url, 320)).toBe(url)
})
