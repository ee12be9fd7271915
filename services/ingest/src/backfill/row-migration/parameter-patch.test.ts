import { expect, test } from 'bun:test'
import type { Slot } from './json-slots.ts'
import { buildParameterPatch } from './parameter-patch.ts'

const one = row('a')
const two = row('b')

test('replaces a single image with six pointer keys', () => {
  const slot = embeddedSlot('referenceImage')
  expect(buildParameterPatch([slot], [{ slot, row: one, prefix: '' }])).toEqual({
    remove: ['referenceImage'],
    patch: {
      referenceImageUrl: '/media/w/x/ref/a.png',
      referenceImageId: one.id,
      referenceImagePath: one.key,
      referenceImageBucket: 'media',
      referenceImageMimeType: 'image/png',
      referenceImageChecksum: 'a',
    },
    referenceUrls: ['/media/w/x/ref/a.png'],
  })
})

test('keeps an existing pointer and shows it first', () => {
  const slot = embeddedSlot('referenceImage')
  const url = plainSlot('referenceImageUrl', 'https://example.com/first.png')
  const { patch, referenceUrls } = buildParameterPatch([url, slot], [{ slot, row: one, prefix: '' }])
  expect(patch).toEqual({})
  expect(referenceUrls).toEqual(['https://example.com/first.png', '/media/w/x/ref/a.png'])
})

test('keeps the order and the other values of a list, and shows a single image of the list once', () => {
  const single = embeddedSlot('referenceImage')
  const first = embeddedSlot('referenceImages', 2)
  const slots = [
    single,
    first,
    plainSlot('referenceImages', 'https://example.com/b.png', 1),
    plainSlot('referenceImages', 7, 0),
  ]
  const moved = [
    { slot: first, row: one, prefix: '' },
    { slot: single, row: one, prefix: '' },
  ]
  const { patch, referenceUrls } = buildParameterPatch(slots, moved)
  expect(patch.referenceImages).toEqual([7, 'https://example.com/b.png', '/media/w/x/ref/a.png'])
  expect(referenceUrls).toEqual(['https://example.com/b.png', '/media/w/x/ref/a.png'])
})

test('shows an image twice that a list has twice', () => {
  const slots = [
    embeddedSlot('referenceImages', 0),
    embeddedSlot('referenceImages', 1),
    embeddedSlot('referenceImages', 2),
  ]
  const rows = [one, two, one]
  const moved = slots.map((slot, index) => ({ slot, row: rows[index] ?? one, prefix: '' }))
  expect(buildParameterPatch(slots, moved).referenceUrls).toEqual(
    ['a', 'b', 'a'].map(name => `/media/w/x/ref/${name}.png`),
  )
})

function row(sha256: string) {
  const id = crypto.randomUUID()
  return {
    id,
    origin: 'new' as const,
    sha256,
    key: `w/x/ref/${sha256}.png`,
    mimeType: 'image/png',
    bytes: 1,
    width: 1,
    height: 1,
  }
}

function embeddedSlot(field: Slot['field'], position = 0): Slot {
  return { field, position, isEmbedded: true, length: 100, value: null }
}

function plainSlot(field: Slot['field'], value: unknown, position = 0): Slot {
  return { field, position, isEmbedded: false, length: 10, value }
}
