import { expect, test } from 'bun:test'
import { buildGeneration } from '../store/generation.fixture.ts'
import type { Row } from '../store/generation-window.ts'
import { findMedia, findNeighbour, findReplacement } from './gallery.ts'
import { formatFileName } from './media-file-name.ts'

function row(key: string, outputs: Parameters<typeof buildGeneration>[0]): Row {
  return { key, sortKey: key, generation: buildGeneration(outputs), delivery: null }
}

const LOST = { state: 'lost' as const }
const ROWS = [
  row('a', { outputs: 2 }),
  row('b', { outputs: 3, status: 'processing' }),
  row('c', { outputs: [LOST, {}, LOST] }),
  row('d', { outputs: [{ state: 'temporary' }] }),
]

test('finds neighbours across rows and skips outputs that cannot be shown', () => {
  const seen = [{ key: 'a', index: 0 }]
  for (let at = findNeighbour(ROWS, { key: 'a', index: 0 }, 1); at; at = findNeighbour(ROWS, at, 1)) seen.push(at)
  expect(seen.map(({ key, index }) => `${key}${index}`)).toEqual(['a0', 'a1', 'c1', 'd0'])
  expect(findNeighbour(ROWS, { key: 'c', index: 1 }, -1)).toEqual({ key: 'a', index: 1 })
  expect(findNeighbour(ROWS, { key: 'a', index: 0 }, -1)).toBeUndefined()
  expect(findNeighbour(ROWS, { key: 'gone', index: 0 }, 1)).toBeUndefined()
})

test('replaces a deleted row by the next output, else by the previous one', () => {
  const without = (...gone: string[]) => new Map(ROWS.filter(row => !gone.includes(row.key)).map(row => [row.key, row]))
  expect(findReplacement(ROWS, without('a'), { key: 'a', index: 0 })).toEqual({ key: 'c', index: 1 })
  expect(findReplacement(ROWS, without('c', 'd'), { key: 'c', index: 1 })).toEqual({ key: 'a', index: 1 })
  expect(findReplacement(ROWS, without('a', 'c', 'd'), { key: 'd', index: 0 })).toBeUndefined()
})

test('returns an output only if it can be shown', () => {
  expect(findMedia(ROWS[0], 1)?.url).toContain('/1.png')
  expect(findMedia(ROWS[1], 0)).toBeUndefined()
  expect(findMedia(ROWS[2], 0)).toBeUndefined()
  expect(findMedia(undefined, 0)).toBeUndefined()
})

test('names a download by its prompt', () => {
  const named = (prompt: string) => {
    const media = findMedia(row('a', { outputs: 2, prompt }), 1)
    return media && formatFileName(media)
  }
  expect(named('A paper boat, on a "black" lake: déjà-vu!')).toBe('a-paper-boat-on-a-black-lake-deja-vu-2.png')
  expect(named('雪の中の狐')).toBe('雪の中の狐-2.png')
  expect(named('Ёлка й ガラス')).toBe('ёлка-й-ガラス-2.png')
  expect(named('…')).toBe('image-2.png')
  expect(named('../../etc/passwd')).toBe('etc-passwd-2.png')
})
