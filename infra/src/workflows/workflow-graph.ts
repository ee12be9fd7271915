import { z } from 'zod'

const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])
/** The output of another node: its id, and the position of the output. */
const Link = z.tuple([z.string(), z.int().min(0)])

/** A node of a graph. What an input is besides a link or a scalar is left as it is. */
const GraphNode = z.looseObject({
  class_type: z.string().min(1).max(200),
  inputs: z.record(z.string(), z.unknown()),
  _meta: z.looseObject({ title: z.string().max(500).optional() }).optional(),
})
export type GraphNode = z.infer<typeof GraphNode>

/** A graph in the format that ComfyUI's API takes: nodes by their ids. */
export const WorkflowGraph = z
  .record(z.string().regex(/^[\w:.-]{1,64}$/), GraphNode)
  .refine(graph => Object.keys(graph).length > 0, 'has no node')
export type WorkflowGraph = z.infer<typeof WorkflowGraph>

/** A workflow of a connection: a graph, and the name by which people choose it. */
export interface Workflow {
  name: string
  graph: WorkflowGraph
}

const MAX_NODES = 2_000
const EDITOR_FORMAT =
  'This is the format of ComfyUI’s editor. Export it there once more by Workflow → Export (API), and use that file.'

/**
 * Reads a workflow file.
 *
 * @returns the graph, or a sentence that says what is wrong with it
 */
export function parseWorkflow(content: unknown): WorkflowGraph | string {
  if (typeof content === 'object' && content !== null && 'nodes' in content && 'links' in content) return EDITOR_FORMAT
  const { data, error } = WorkflowGraph.safeParse(content)
  if (!data) return `This is no workflow in the format of ComfyUI’s API: ${describeIssue(error)}.`
  const count = Object.keys(data).length
  return count > MAX_NODES ? `The workflow has ${count} nodes; ${MAX_NODES} are the most.` : data
}

/** Returns the id of the node that an input is linked to; undefined for a value. */
export function getLinkedNode(value: unknown): string | undefined {
  return Link.safeParse(value).data?.[0]
}

/** Returns whether an input has a value of its own, and is not linked to another node. */
export function isScalar(value: unknown): value is string | number | boolean | null {
  return Scalar.safeParse(value).success
}

function describeIssue({ issues }: z.ZodError): string {
  const [issue] = issues
  const path = issue?.path.join('.') ?? ''
  return path === '' ? (issue?.message ?? 'it is empty') : `${path}: ${issue?.message}`
}
