import { expect, test } from 'bun:test'
import { buildGeneration } from '../../store/generation.fixture.ts'
import type { Row } from '../../store/generation-window.ts'
import { downloadAllUrl, listRowMenu } from './row-menu.ts'

const calls: unknown[] = []
const actions = {
  runAction: () => undefined,
  remove: () => undefined,
  reuse: () => undefined,
  copyPrompt: () => undefined,
  setFavourite: (...call: unknown[]) => void calls.push(call.slice(1)),
  restoreOutput: (...call: unknown[]) => void calls.push(call.slice(1)),
  again: () => undefined,
}

function menuOf(fields: Parameters<typeof buildGeneration>[0], hasButtons = true, delivery: Row['delivery'] = null) {
  const generation = buildGeneration(fields)
  return listRowMenu({ row: { key: '', sortKey: '', generation, delivery }, actions, hasButtons })
}

const labelsOf = (...input: Parameters<typeof menuOf>) => menuOf(...input).map(({ label }) => label)

test('has what has no button of its own', () => {
  expect(labelsOf({ outputs: 2 })).toEqual(['Copy prompt', 'Favourite all', 'Delete'])
  expect(labelsOf({ outputs: 2 }, false)).toEqual([
    'Reuse',
    'Again',
    'Download all',
    'Copy prompt',
    'Favourite all',
    'Delete',
  ])
  expect(labelsOf({ outputs: 1 }, false)).toEqual(['Reuse', 'Again', 'Copy prompt', 'Delete'])
})

test('shows the whole prompt where the row has one line of it', () => {
  const generation = buildGeneration({ outputs: 1 })
  const row = { key: '', sortKey: '', generation, delivery: null }
  const menu = listRowMenu({ row, actions, hasButtons: false, onShowPrompt: () => void calls.push('shown') })
  menu.find(({ label }) => label === 'Show prompt')?.run()
  expect(calls.splice(0)).toEqual(['shown'])
})

test('offers nothing that needs the studio for a submission that is on its way', () => {
  expect(labelsOf({ outputs: 2, status: 'queued' }, true, { state: 'sending' })).toEqual(['Copy prompt'])
})

test('marks the outputs that are no favourites yet, or all as none', () => {
  const run = (outputs: Parameters<typeof buildGeneration>[0] & object) => {
    calls.length = 0
    menuOf(outputs)
      .find(({ icon }) => icon === 'favourite')
      ?.run()
    return [...calls]
  }
  expect(run({ outputs: [{ favourite: true }, {}, {}] })).toEqual([
    [1, true],
    [2, true],
  ])
  expect(run({ outputs: [{ favourite: true }, { favourite: true }] })).toEqual([
    [0, false],
    [1, false],
  ])
})

test('restores every deleted output that is not purged', () => {
  calls.length = 0
  const deleted = { state: 'deleted', url: null } as const
  const purged = { ...deleted, error: { code: 'purged', message: 'It is deleted permanently.' } }
  const entry = menuOf({ outputs: [{}, deleted, deleted, purged] }).find(({ label }) => label.startsWith('Restore'))
  expect(entry?.label).toBe('Restore 2 deleted pictures')
  entry?.run()
  expect(calls).toEqual([[1], [2]])
  expect(menuOf({ outputs: [{}, purged] }).some(({ label }) => label.startsWith('Restore'))).toBe(false)
})

test('downloads all where there are several', () => {
  expect(downloadAllUrl(buildGeneration({ outputs: 1 }))).toBeUndefined()
  expect(downloadAllUrl(buildGeneration({ outputs: 2, id: 'x' }))).toBe('/api/download?ids=x')
})
