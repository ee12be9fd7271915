import { expect, test } from 'bun:test'
import { buildModel } from './composer/model.fixture.ts'
import { reuseUnchanged } from './model-list.ts'

test('a list that is read again has the same objects for models that have not changed', () => {
  const [first, second] = [buildModel({ id: 'a' }), buildModel({ id: 'b' })]
  const read = [buildModel({ id: 'b', name: 'Renamed' }), buildModel({ id: 'a' }), buildModel({ id: 'c' })]
  const merged = reuseUnchanged([first, second], read)
  expect(merged.map(({ id, name }) => `${id} ${name}`)).toEqual(['b Renamed', 'a Painter', 'c Painter'])
  expect(merged[1]).toBe(first)
})
