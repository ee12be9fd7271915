import { expect, test } from 'bun:test'
import { createDuplicateSearch } from './duplicate-search.ts'

const REFERENCE = { id: 'r', url: '/media/r.png', previewUrl: '/media/r.w320.webp', width: 1, height: 1 }
const first = new File(['abc'], 'a.png', { type: 'image/png' })

function setUp() {
  const list = [
    { key: 'file', reference: null, role: null },
    { key: 'shown', reference: null, role: null },
    { key: 'ready', reference: REFERENCE, role: null },
  ]
  const shown = { url: '/media/o.png', previewUrl: '/media/o.w320.webp' }
  const sources: Record<string, { source: File | typeof shown }> = { file: { source: first }, shown: { source: shown } }
  return createDuplicateSearch({ list, findUpload: key => sources[key] })
}

test('finds a file by its bytes, whatever it is called', async () => {
  const search = setUp()
  expect(await search.hasFile(new File(['abc'], 'copy.png'))).toBe(true)
  expect(await search.hasFile(new File(['abd'], 'a.png'))).toBe(false)
  expect([search.mayHaveFile(new File(['xyz'], 'b')), search.mayHaveFile(new File(['longer'], 'b'))]).toEqual([
    true,
    false,
  ])
})

test('finds an image of the studio by its URL, and a stored one by its id in the same role', () => {
  const search = setUp()
  expect([search.hasUrl('/media/o.png'), search.hasUrl('/media/r.png'), search.hasUrl('/media/x.png')]).toEqual([
    true,
    true,
    false,
  ])
  expect(search.hasReference('file', REFERENCE)).toBe(true)
  expect(search.hasReference('ready', REFERENCE)).toBe(false)
  expect(search.hasReference('file', { ...REFERENCE, id: 'other' })).toBe(false)
})
