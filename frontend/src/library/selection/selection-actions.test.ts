import { expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import { LIMITS } from '@darkroom/contracts/limits'
import { RejectedError } from '../../request-error.ts'
import { buildGeneration } from '../../store/generation.fixture.ts'
import type { ChangeNotice } from '../../ui/notices.ts'
import type { ListSelection } from './create-selection.ts'
import { mediaKey, type SelectedOutput } from './selected-outputs.ts'
import { createSelectionActions } from './selection-actions.ts'

function useAsReferences(count: number) {
  const outputs = Array.from({ length: count }, (_, index): SelectedOutput => {
    const generation = buildGeneration({ outputs: 1 })
    return { key: `row ${index}`, index: 0, generation }
  })
  const attached: string[] = []
  const notices: string[] = []
  const selected = new Map(outputs.map(output => [mediaKey(output), output]))
  const actions = createSelectionActions({
    api: {} as never,
    store: {} as never,
    selection: { selected: () => selected, clear: () => undefined } as unknown as ListSelection,
    useAsReference: ({ url }) => attached.push(url),
    notify: message => void notices.push(message),
    runRevertible: async change => void notices.push((await change()).message),
  })
  actions.useAsReferences()
  return { attached: attached.length, notices }
}

/** Creates the actions on selected outputs of a studio that refuses some requests. */
function setUp(generations: readonly Generation[], refused: Set<string>) {
  const requests: string[] = []
  const notices: ChangeNotice[] = []
  const request = async (name: string) => {
    if (refused.has(name)) throw new RejectedError('It is busy.')
    requests.push(name)
    return generations[0] as Generation
  }
  const outputs = generations.flatMap(generation =>
    generation.outputs.map(({ index }): SelectedOutput => ({ key: generation.clientId, index, generation })),
  )
  const selected = new Map(outputs.map(output => [mediaKey(output), output]))
  const actions = createSelectionActions({
    api: {
      remove: async id => void (await request(`remove ${id}`)),
      restore: id => request(`restore ${id}`),
      removeOutput: (id, index) => request(`remove ${id}.${index}`),
      restoreOutput: (id, index) => request(`restore ${id}.${index}`),
      setFavourite: (id, { outputIndex, favourite }) => request(`favourite ${id}.${outputIndex} ${favourite}`),
    },
    store: {
      receive: () => undefined,
      updateOptimistically: async (_, __, run) => void (await run()),
      hideOptimistically: () => ({ during: (_, run) => run() }),
    },
    selection: { selected: () => selected, clear: () => undefined } as unknown as ListSelection,
    useAsReference: () => undefined,
    notify: (message, action = null) => void notices.push({ message, action }),
    runRevertible: async change => void notices.push(await change()),
  })
  /** Runs the action of the last notice. @returns the notice after it */
  const runAction = async () => {
    const count = notices.length
    notices.at(-1)?.action?.run()
    while (notices.length === count) await Bun.sleep(1)
    return notices.at(-1)
  }
  return { actions, requests, notices, selected, runAction }
}

test('what is deleted in part is undone as far as it was deleted, and the notice counts the pictures that were not', async () => {
  const [parted, whole] = [buildGeneration({ id: 'a', clientId: 'a', outputs: 4 }), buildWhole()]
  const refused = new Set(['remove a.1', 'remove b', 'restore a.2'])
  const { actions, requests, notices, selected, runAction } = setUp([parted, whole], refused)
  selected.delete(mediaKey({ key: 'a', index: 3 }))
  await actions.remove()
  expect(requests.splice(0)).toEqual(['remove a.0', 'remove a.2'])
  expect(notices.at(-1)?.message).toBe('2 pictures deleted. 4 could not be deleted: It is busy.')
  const undone = await runAction()
  expect(requests.splice(0)).toEqual(['restore a.0'])
  expect([undone?.message, undone?.action?.label]).toEqual([
    '1 picture undone. 1 could not be undone: It is busy.',
    'Try again',
  ])
  refused.clear()
  expect((await runAction())?.message).toBe('Undone.')
  expect(requests).toEqual(['restore a.2'])
})

test('marks as favourites those that are none, and the undo takes the mark from these alone', async () => {
  const generation = buildGeneration({ id: 'a', clientId: 'a', outputs: [{ favourite: true }, {}, {}] })
  const { actions, requests, notices, runAction } = setUp([generation], new Set(['favourite a.2 true']))
  await actions.toggleFavourites()
  expect(notices.at(-1)?.message).toBe(
    '1 picture added to the favourites. 1 could not be added to the favourites: It is busy.',
  )
  expect((await runAction())?.message).toBe('Undone.')
  expect(requests).toEqual(['favourite a.1 true', 'favourite a.1 false'])
})

test('restores whole generations of the trash, and the undo deletes those that were restored', async () => {
  const [first, second] = [buildGeneration({ id: 'a', clientId: 'a', outputs: 2 }), buildWhole()]
  const { actions, requests, notices, runAction } = setUp([first, second], new Set(['restore a']))
  await actions.restore()
  expect(notices.at(-1)?.message).toBe('3 pictures restored. 2 could not be restored: It is busy.')
  expect((await runAction())?.message).toBe('Undone.')
  expect(requests).toEqual(['restore b', 'remove b'])
})

function buildWhole(): Generation {
  return buildGeneration({ id: 'b', clientId: 'b', outputs: 3 })
}

test('attaches no more references than a generation can have, and says so', () => {
  const most = LIMITS.references
  expect(useAsReferences(most)).toEqual({ attached: most, notices: [] })
  const notice = `The first ${most} of 1,000 are attached: no model takes more.`
  expect(useAsReferences(1_000)).toEqual({ attached: most, notices: [notice] })
})
