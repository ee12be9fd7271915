import { expect, test } from 'bun:test'
import { WorkflowName } from '@darkroom/contracts/connections/workflow'
import fc from 'fast-check'
import { readWorkflowFile, toWorkflowName } from './workflow-file.ts'

test('a workflow is named by its file', () => {
  expect(toWorkflowName('landscape (v2).json')).toBe('landscape (v2)')
  expect(toWorkflowName('a,b/c.JSON')).toBe('a b c')
  expect(toWorkflowName('.json')).toBe('Workflow')
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), name => WorkflowName.safeParse(toWorkflowName(name)).success))
})

test('a file that is no JSON, or too long, is refused in a sentence', async () => {
  expect(await readWorkflowFile(new File(['{"1": {}}'], 'a.json'))).toEqual({
    kind: 'workflow',
    workflow: { name: 'a', graph: { '1': {} } },
  })
  const refused = await Promise.all([
    readWorkflowFile(new File(['{'], 'a.json')),
    readWorkflowFile(new File(['x'.repeat(2_000_001)], 'b.json')),
  ])
  expect(refused).toEqual([
    { kind: 'refused', problem: 'a.json is not JSON. Export it in ComfyUI by Workflow → Export (API).' },
    { kind: 'refused', problem: 'b.json is longer than 2 MB.' },
  ])
})
