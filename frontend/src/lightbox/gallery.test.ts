import { expect, test } from 'bun:test'
import { aGeneration } from '../store/generation.fixture.ts'
import type { Row } from '../store/generation-window.ts'
import { fileName, neighbour, pictureAt, survivor } from './gallery.ts'

function row(key: string, outputs: Parameters<typeof aGeneration>[0]): Row {
  return { key, order: key, generation: aGeneration(outputs), delivery: null }
}

const GONE = { state: 'lost' as const }
const ROWS = [
  row('a', { outputs: 2 }),
  row('b', { outputs: 3, status: 'processing' }),
  row('c', { outputs: [GONE, {}, GONE] }),
  row('d', { outputs: [{ state: 'temporary' }] }),
]

test('pictures follow one another through the feed, past whatever cannot be shown', () => {
  const seen = [{ key: 'a', index: 0 }]
  for (let at = neighbour(ROWS, { key: 'a', index: 0 }, 1); at; at = neighbour(ROWS, at, 1)) seen.push(at)
  expect(seen.map(({ key, index }) => `${key}${index}`)).toEqual(['a0', 'a1', 'c1', 'd0'])
  expect(neighbour(ROWS, { key: 'c', index: 1 }, -1)).toEqual({ key: 'a', index: 1 })
  expect(neighbour(ROWS, { key: 'a', index: 0 }, -1)).toBeUndefined()
  expect(neighbour(ROWS, { key: 'gone', index: 0 }, 1)).toBeUndefined()
})

test('what takes the place of a deleted row is the picture after it, else the one before', () => {
  const without = (...gone: string[]) => new Map(ROWS.filter(row => !gone.includes(row.key)).map(row => [row.key, row]))
  expect(survivor(ROWS, without('a'), { key: 'a', index: 0 })).toEqual({ key: 'c', index: 1 })
  expect(survivor(ROWS, without('c', 'd'), { key: 'c', index: 1 })).toEqual({ key: 'a', index: 1 })
  expect(survivor(ROWS, without('a', 'c', 'd'), { key: 'd', index: 0 })).toBeUndefined()
})

test('a picture is there only if it can be seen', () => {
  expect(pictureAt(ROWS[0], 1)?.url).toContain('/1.png')
  expect(pictureAt(ROWS[1], 0)).toBeUndefined()
  expect(pictureAt(ROWS[2], 0)).toBeUndefined()
  expect(pictureAt(undefined, 0)).toBeUndefined()
})

test('a download is named after its prompt', () => {
  const named = (prompt: string) => {
    const picture = pictureAt(row('a', { outputs: 2, prompt }), 1)
    return picture && fileName(picture)
  }
  expect(named('A paper boat, on a "black" lake: déjà-vu!')).toBe('a-paper-boat-on-a-black-lake-de-2.png')
  expect(named('雪')).toBe('picture-2.png')
  expect(named('../../etc/passwd')).toBe('etc-passwd-2.png')
})
