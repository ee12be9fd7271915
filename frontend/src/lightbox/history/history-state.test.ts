import { expect, test } from 'bun:test'
import { readHistoryMedia, withHistoryMedia } from './history-state.ts'

test('reads back what was stored beside the position of the feed', () => {
  const state = withHistoryMedia({ id: 'row', share: 0.5 }, { id: 'generation', index: 2 })
  expect(state).toEqual({ id: 'row', share: 0.5, lightbox: { id: 'generation', index: 2 } })
  expect(readHistoryMedia(state)).toEqual({ id: 'generation', index: 2 })
})

test.each([null, undefined, 'text', {}, { lightbox: 1 }, { lightbox: { id: 3, index: 0 } }, { lightbox: { id: 'a' } }])(
  'reads no output from %j',
  state => {
    expect(readHistoryMedia(state)).toBeNull()
  },
)
