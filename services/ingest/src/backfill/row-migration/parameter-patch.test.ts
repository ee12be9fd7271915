import { expect, test } from 'bun:test'
import type { Slot } from './json-slots.ts'
import { buildParameterPatch } from './parameter-patch.ts'

const one = row('a')
const two = row('b')

test('a single picture becomes the six pointers, and its key goes', () => {
  const slot = embedded('referenceImage')
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

test('pointers that were there already stay, and are shown first', () => {
  const slot = embedded('referenceImage')
  const url = given('referenceImageUrl', 'https://example.com/first.png')
  const { patch, referenceUrls } = buildParameterPatch([url, slot], [{ slot, row: one, prefix: '' }])
  expect(patch).toEqual({})
  expect(referenceUrls).toEqual(['https://example.com/first.png', '/media/w/x/ref/a.png'])
})

test('a list keeps its order and everything that was no picture, and the same one is not shown twice', () => {
  const single = embedded('referenceImage')
  const first = embedded('referenceImages', 2)
  const slots = [
    single,
    first,
    given('referenceImages', 'https://example.com/b.png', 1),
    given('referenceImages', 7, 0),
  ]
  const moved = [
    { slot: first, row: one, prefix: '' },
    { slot: single, row: one, prefix: '' },
  ]
  const { patch, referenceUrls } = buildParameterPatch(slots, moved)
  expect(patch.referenceImages).toEqual([7, 'https://example.com/b.png', '/media/w/x/ref/a.png'])
  expect(referenceUrls).toEqual(['https://example.com/b.png', '/media/w/x/ref/a.png'])
})

test('a list that has the same picture twice shows it twice', () => {
  const slots = [embedded('referenceImages', 0), embedded('referenceImages', 1), embedded('referenceImages', 2)]
  const rows = [one, two, one]
  const moved = slots.map((slot, at) => ({ slot, row: rows[at] ?? one, prefix: '' }))
  expect(buildParameterPatch(slots, moved).referenceUrls).toEqual(
    ['a', 'b', 'a'].map(name => `/media/w/x/ref/${name}.png`),
  )
})

function row(sha256: string) {
  const id = crypto.randomUUID()
  return {
    id,
    was: 'stored' as const,
    sha256,
    key: `w/x/ref/${sha256}.png`,
    mimeType: 'image/png',
    bytes: 1,
    width: 1,
    height: 1,
  }
}

function embedded(field: Slot['field'], position = 0): Slot {
  return { field, position, embedded: true, length: 100, value: null }
}

function given(field: Slot['field'], value: unknown, position = 0): Slot {
  return { field, position, embedded: false, length: 10, value }
}
