import { findLinkedSlots } from './linked-slots.ts'
import { type GraphNode, isScalar, type WorkflowGraph } from './workflow-graph.ts'
import { createEmptySlots, type Slot, type WorkflowSlots } from './workflow-slots.ts'

/** Names of slots, with the inputs that each of them may be; the first that a node has counts. */
const NAMED = {
  prompt: ['text', 'prompt', 'value', 'string'],
  negative: ['text', 'negative_prompt', 'prompt', 'value', 'string'],
  seed: ['seed', 'noise_seed', 'value', 'int'],
  outputs: ['batch_size', 'amount', 'value', 'int'],
  mask: ['image', 'mask'],
} as const
/** Most names in the titles of a workflow. */
const MAX_NAMES = 200
const REFERENCE_INPUTS = ['image', 'images', 'value'] as const

/**
 * Finds the slots of a workflow. A node names them in its title, as `Sampler @seed @steps`: `@prompt`, `@negative`, `@seed`, `@size`,
 * `@outputs`, `@reference` (`@reference2` …), `@mask`, or the name of any input, which becomes a setting. Where no title has a name, the
 * slots are found by how the nodes are linked.
 *
 * @returns the slots, or a sentence about a name that fits nothing
 */
export function findSlots(graph: WorkflowGraph): WorkflowSlots | string {
  const names = Object.entries(graph).flatMap(([id, node]) => listNames(node).map(name => ({ id, node, name })))
  if (names.length === 0) return findLinkedSlots(graph)
  if (names.length > MAX_NAMES) return `Its titles have ${names.length} names with @; ${MAX_NAMES} are the most.`
  const slots = createEmptySlots()
  const references: { order: number; slot: Slot }[] = []
  for (const { id, node, name } of names) {
    const problem = addSlot(slots, references, id, node, name)
    if (problem !== undefined) return problem
  }
  slots.references = references.toSorted((a, b) => a.order - b.order).map(({ slot }) => slot)
  return slots
}

/** Returns the names of slots in the title of a node. */
function listNames({ _meta }: GraphNode): string[] {
  return [...(_meta?.title ?? '').matchAll(/(?:^|\s)@([A-Za-z]\w*)/g)].map(([, name = '']) => name)
}

function addSlot(
  slots: WorkflowSlots,
  references: { order: number; slot: Slot }[],
  id: string,
  node: GraphNode,
  name: string,
): string | undefined {
  if (name === 'size') return addSize(slots, id, node)
  const reference = /^reference(\d*)$/.exec(name)
  const inputs = reference ? REFERENCE_INPUTS : isNamed(name) ? NAMED[name] : [name]
  const input = inputs.find(input => isScalar(node.inputs[input]))
  if (input === undefined) return `The title “${node._meta?.title}” names @${name}, and the node has no such value.`
  const slot = { node: id, input }
  if (reference) references.push({ order: Number(reference[1] || '1'), slot })
  else if (isNamed(name)) slots[name].push(slot)
  else slots.settings.push({ ...slot, key: createKey(slots, name) })
  return undefined
}

function addSize(slots: WorkflowSlots, node: string, { inputs, _meta }: GraphNode): string | undefined {
  if (!isScalar(inputs.width) || !isScalar(inputs.height))
    return `The title “${_meta?.title}” names @size, and the node has no width and height of its own.`
  slots.width.push({ node, input: 'width' })
  slots.height.push({ node, input: 'height' })
  return undefined
}

/** Returns a name for a setting that no other has: `cfg`, `cfg_2`. */
function createKey({ settings }: WorkflowSlots, name: string): string {
  const count = settings.filter(({ input }) => input === name).length
  return count === 0 ? name : `${name}_${count + 1}`
}

function isNamed(name: string): name is keyof typeof NAMED {
  return Object.hasOwn(NAMED, name)
}
