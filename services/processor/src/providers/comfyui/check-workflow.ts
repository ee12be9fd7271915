import { isScalar, type WorkflowGraph } from '@darkroom/infra/workflows/workflow-graph'
import { getChoices, type NodeClass } from './object-info.ts'

/** Nodes and models that a workflow needs and a server lacks. */
export interface WorkflowGaps {
  /** Classes of nodes. */
  nodes: string[]
  /** Models and other choices: their values in the workflow. */
  models: string[]
}

/**
 * Finds what a server lacks for a workflow: classes of nodes, and files or other choices that it does not list.
 *
 * @param filled inputs that a request fills, as `node input`: their values in the file do not count
 */
export function findGaps(
  graph: WorkflowGraph,
  classes: ReadonlyMap<string, NodeClass>,
  filled: ReadonlySet<string>,
): WorkflowGaps {
  const nodes = new Set<string>()
  const models = new Set<string>()
  for (const [id, { class_type, inputs }] of Object.entries(graph)) {
    const node = classes.get(class_type)
    if (!node) nodes.add(class_type)
    for (const [input, value] of Object.entries(inputs)) {
      const choices = node && isScalar(value) && !filled.has(`${id} ${input}`) ? getChoices(node, input) : undefined
      if (choices !== undefined && !choices.some(choice => choice === value)) models.add(String(value))
    }
  }
  return { nodes: [...nodes], models: [...models] }
}

/** Returns a sentence about what a server lacks; undefined if it lacks nothing. */
export function describeGaps({ nodes, models }: WorkflowGaps): string | undefined {
  const parts = [
    ...(nodes.length > 0 ? [`the ${nodes.length === 1 ? 'node' : 'nodes'} ${join(nodes)}`] : []),
    ...(models.length > 0 ? [join(models)] : []),
  ]
  return parts.length === 0 ? undefined : `The server does not have ${parts.join(', nor ')}.`
}

const MAX_NAMES = 5

function join(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join(', ')
  return names.length > MAX_NAMES ? `${shown} and ${names.length - MAX_NAMES} more` : shown
}
