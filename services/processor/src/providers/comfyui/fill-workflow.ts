import type { WorkflowGraph } from '@darkroom/infra/workflows/workflow-graph'
import type { Slot, WorkflowSlots } from '@darkroom/infra/workflows/workflow-slots'
import type { ProviderRequest } from '../adapter.ts'
import { createFilePrefix } from './output-files.ts'

/** Names of the input images on the server, by role. */
export interface UploadedInputs {
  references: string[]
  mask: string | undefined
}

/**
 * Returns the graph of a request: a copy of the workflow, its slots filled, and its files named by the prompt. Reference slots beyond
 * the given images repeat the last one.
 */
export function fillWorkflow(
  graph: WorkflowGraph,
  slots: WorkflowSlots,
  { request, inputs, promptId }: { request: ProviderRequest; inputs: UploadedInputs; promptId: string },
): WorkflowGraph {
  const filled = structuredClone(graph)
  const fill = (targets: readonly Slot[], value: unknown) => {
    for (const { node, input } of value === undefined ? [] : targets) {
      const target = filled[node]
      if (target) target.inputs[input] = value
    }
  }
  fill(slots.prompt, request.prompt)
  fill(slots.negative, request.negativePrompt ?? '')
  fill(slots.seed, request.seed)
  fill(slots.width, request.width)
  fill(slots.height, request.height)
  fill(slots.outputs, request.indices.length)
  fill(slots.mask, inputs.mask)
  for (const [index, slot] of slots.references.entries())
    fill([slot], inputs.references[Math.min(index, inputs.references.length - 1)])
  for (const slot of slots.settings) fill([slot], request.settings[slot.key])
  for (const { inputs } of Object.values(filled))
    if (typeof inputs.filename_prefix === 'string') inputs.filename_prefix = createFilePrefix(promptId)
  return filled
}
