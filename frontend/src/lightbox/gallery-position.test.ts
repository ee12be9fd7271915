import { expect, test } from 'bun:test'
import { createRoot } from 'solid-js'
import { buildNumbered, buildWindow } from '../store/generation.fixture.ts'
import type { GenerationWindow } from '../store/generation-window.ts'
import { dropGenerations } from '../store/merge.ts'
import { createGalleryPosition } from './gallery-position.ts'

test('a parent that is not in the window is shown until it is deleted permanently', () => {
  const parent = buildNumbered(1)
  const find = (window: GenerationWindow) =>
    createRoot(dispose => {
      const position = createGalleryPosition({
        at: () => ({ key: parent.clientId, index: 0, generation: parent }),
        generationWindow: () => window,
        onShow: () => undefined,
        onNearOldest: async () => undefined,
        onNearNewest: async () => undefined,
      })
      dispose()
      return position.media()?.generation
    })
  const window = buildWindow([8, 9])
  expect(find(window)).toBe(parent)
  expect(find(dropGenerations(window, new Set([parent.id])))).toBeUndefined()
})
