import { findSlots } from './find-slots.ts'
import { parseWorkflow, type WorkflowGraph } from './workflow-graph.ts'
import type { WorkflowSlots } from './workflow-slots.ts'

/** A workflow whose graph and slots are known. */
export interface ReadWorkflow {
  graph: WorkflowGraph
  slots: WorkflowSlots
}

const NO_SLOT = 'It has no place for a prompt: write @prompt into the title of the node that has its text.'

/**
 * Reads a workflow file, without asking a server.
 *
 * @returns the graph and its slots, or a sentence that says what is wrong with it
 */
export function readWorkflow(content: unknown): ReadWorkflow | string {
  const graph = parseWorkflow(content)
  if (typeof graph === 'string') return graph
  const slots = findSlots(graph)
  if (typeof slots === 'string') return slots
  return slots.prompt.length === 0 && slots.references.length === 0 ? NO_SLOT : { graph, slots }
}
