import { expect, test } from 'bun:test'
import { LIMITS } from '@darkroom/contracts/limits'
import { buildGeneration } from '../../store/generation.fixture.ts'
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
    notify: message => notices.push(message),
  })
  actions.useAsReferences()
  return { attached: attached.length, notices }
}

test('attaches no more references than a generation can have, and says so', () => {
  const most = LIMITS.references
  expect(useAsReferences(most)).toEqual({ attached: most, notices: [] })
  const notice = `The first ${most} of 1,000 are attached: no model takes more.`
  expect(useAsReferences(1_000)).toEqual({ attached: most, notices: [notice] })
})
