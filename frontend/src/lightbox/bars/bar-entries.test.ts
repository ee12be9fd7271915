import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Output } from '@darkroom/contracts/output'
import { buildGeneration } from '../../store/generation.fixture.ts'
import { listMedia } from '../gallery.ts'
import { listDownloads, listPhoneMore } from './bar-entries.ts'
import type { BarActions, BarProps } from './bar-props.ts'

beforeAll(() => {
  // There is no window here.
  Object.assign(globalThis, { window: { isSecureContext: false } })
})
afterAll(() => void Reflect.deleteProperty(globalThis, 'window'))

function listLabels(change: Partial<BarProps>): string[] {
  const [media] = listMedia(buildGeneration({ outputs: 1 }))
  if (!media) throw new Error('the generation has no output')
  const props: BarProps = {
    ...{ media, count: '', verbs: [], isTrashed: false, backdrop: 'black' },
    ...{ isComparing: false, canCompare: false, isDetailsOpen: false },
    actions: {} as BarActions,
    ...change,
  }
  return listPhoneMore(props).map(({ label }) => label)
}

test('offers no deletion of what is in the trash', () => {
  expect(listLabels({})).toContain('Delete this picture')
  expect(listLabels({ isTrashed: true })).not.toContain('Delete this picture')
})

test('offers no download without metadata where the file would come as it is', () => {
  const listFor = (output: Partial<Output>[]) => {
    const [media] = listMedia(buildGeneration({ outputs: output }))
    return media ? listDownloads({ media }).map(({ label }) => label) : []
  }
  expect(listFor([{ state: 'stored', mimeType: 'image/webp' }])).toEqual(['As it came', 'Without metadata'])
  expect(listFor([{ state: 'stored', mimeType: 'image/avif' }])).toEqual(['As it came'])
  expect(listFor([{ state: 'stored', kind: 'video', mimeType: 'video/mp4' }])).toEqual(['As it came'])
  expect(listFor([{ state: 'temporary', mimeType: 'image/png' }])).toEqual(['As it came'])
})
