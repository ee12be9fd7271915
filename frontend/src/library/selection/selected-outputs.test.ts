import { expect, test } from 'bun:test'
import type { Output } from '@darkroom/contracts/output'
import { buildGeneration } from '../../store/generation.fixture.ts'
import { EMPTY_WINDOW, type Row } from '../../store/generation-window.ts'
import { groupByGeneration, sumBytes, toDownloadIds } from './selected-groups.ts'
import { listRange, mediaKey, refreshSelected, type SelectedOutput } from './selected-outputs.ts'

function buildRow(key: string, outputs: number | Partial<Output>[]): Row {
  return { key, sortKey: key, generation: buildGeneration({ id: `id-${key}`, clientId: key, outputs }), delivery: null }
}

const ROWS = [buildRow('a', 2), buildRow('b', [{ state: 'failed', url: null }, {}]), buildRow('c', 3)]

function toMap(outputs: readonly SelectedOutput[]) {
  return new Map(outputs.map(output => [mediaKey(output), output]))
}

function range(from: [string, number] | undefined, to: [string, number]): string[] {
  const toRef = ([key, index]: [string, number]) => ({ key, index })
  return listRange(ROWS, from && toRef(from), toRef(to)).map(mediaKey)
}

test('a range is everything that can be shown between two outputs, in either direction', () => {
  expect(range(['a', 1], ['c', 0])).toEqual(['a 1', 'b 1', 'c 0'])
  expect(range(['c', 0], ['a', 1])).toEqual(['a 1', 'b 1', 'c 0'])
  expect(range(undefined, ['c', 2])).toEqual(['c 2'])
})

test('a range from an output that is not loaded any more is the other one alone, and none ends at what cannot be shown', () => {
  expect(range(['gone', 0], ['b', 1])).toEqual(['b 1'])
  expect(range(['a', 0], ['b', 0])).toEqual([])
})

test('a generation is whole if nothing is left beside what is selected', () => {
  const groups = groupByGeneration(toMap(listRange(ROWS, { key: 'a', index: 1 }, { key: 'c', index: 2 })))
  expect(groups.map(({ generation, indexes, isWhole }) => [generation.clientId, indexes, isWhole])).toEqual([
    ['a', [1], false],
    ['b', [1], true],
    ['c', [0, 1, 2], true],
  ])
  expect(toDownloadIds(groups)).toEqual(['id-a.1', 'id-b', 'id-c'])
})

test('an output that is deleted leaves the selection, one that is not loaded any more stays', () => {
  const selected = toMap(listRange(ROWS, { key: 'a', index: 0 }, { key: 'b', index: 1 }))
  expect(refreshSelected(selected, EMPTY_WINDOW)).toBe(selected)
  const changed = buildRow('a', [{ state: 'deleted', url: null }, {}])
  expect([...refreshSelected(selected, { ...EMPTY_WINDOW, byKey: new Map([['a', changed]]) }).keys()]).toEqual([
    'a 1',
    'b 1',
  ])
  const restored = { ...EMPTY_WINDOW, deletedVersions: new Map([['a', 2]]) }
  expect([...refreshSelected(selected, restored).keys()]).toEqual(['b 1'])
  const purged = { ...EMPTY_WINDOW, purgedIds: new Set(['id-b']) }
  expect([...refreshSelected(selected, purged).keys()]).toEqual(['a 0', 'a 1'])
})

test('the size of a selection is known if that of each output is', () => {
  const sized = listRange([buildRow('d', [{ bytes: 3 }, { bytes: 4 }])], { key: 'd', index: 0 }, { key: 'd', index: 1 })
  expect(sumBytes(toMap(sized))).toBe(7)
  expect(sumBytes(toMap([...sized, ...listRange(ROWS, undefined, { key: 'a', index: 0 })]))).toBeNull()
})
