import { type GraphNode, getLinkedNode, isScalar, type WorkflowGraph } from './workflow-graph.ts'
import { createEmptySlots, type Slot, type WorkflowSlots } from './workflow-slots.ts'

/** Settings of a sampler that people change. */
const SAMPLER_SETTINGS = ['steps', 'cfg', 'sampler_name', 'scheduler', 'denoise'] as const
const TEXT_INPUTS = ['text', 'prompt', 'value', 'string'] as const
const SEED_INPUTS = ['seed', 'noise_seed'] as const

/** The links of each sampler are followed through the whole graph. */
const MAX_SAMPLERS = 32

/** A node, as far as it leads to a text: an input that is one, and the nodes that it is linked to. */
interface TextNode {
  input: string | undefined
  links: string[]
}

/**
 * Finds the slots of a workflow in which no title names one, by how its nodes are linked to its samplers.
 *
 * @returns the slots, or a sentence about a graph that has too many samplers for this
 */
export function findLinkedSlots(graph: WorkflowGraph): WorkflowSlots | string {
  const slots = createEmptySlots()
  const samplers = Object.entries(graph).filter(([, { inputs }]) => 'positive' in inputs && 'latent_image' in inputs)
  if (samplers.length > MAX_SAMPLERS)
    return `It has more than ${MAX_SAMPLERS} samplers: write @prompt into the titles of the nodes that have its text.`
  const nodes = new Map(Object.entries(graph).map(([id, node]) => [id, toTextNode(node)]))
  for (const [, { inputs }] of samplers) {
    slots.prompt.push(...findText(nodes, getLinkedNode(inputs.positive)))
    slots.negative.push(...findText(nodes, getLinkedNode(inputs.negative)))
  }
  slots.seed = findInputs(graph, SEED_INPUTS)
  slots.references = findByClass(graph, /^LoadImage$/, 'image')
  slots.mask = findByClass(graph, /^LoadImageMask$/, 'image')
  const latent = Object.entries(graph).find(([, node]) => /^Empty\w*Latent/.test(node.class_type))
  if (latent) addLatent(slots, latent)
  const [sampler] = samplers
  if (sampler) addSettings(slots, sampler)
  return { ...slots, prompt: dropRepeated(slots.prompt), negative: withoutPrompts(slots) }
}

function toTextNode({ inputs }: GraphNode): TextNode {
  return {
    input: TEXT_INPUTS.find(input => typeof inputs[input] === 'string'),
    links: Object.values(inputs).flatMap(value => getLinkedNode(value) ?? []),
  }
}

/** Returns the text that a link leads to: of the linked node, or of those that it is linked to. */
function findText(nodes: ReadonlyMap<string, TextNode>, from: string | undefined): Slot[] {
  // Nodes that are added to a set while it is gone through are reached as well.
  const reached = new Set(from === undefined ? [] : [from])
  for (const id of reached) {
    const node = nodes.get(id)
    if (node?.input !== undefined) return [{ node: id, input: node.input }]
    for (const link of node?.links ?? []) reached.add(link)
  }
  return []
}

function findInputs(graph: WorkflowGraph, names: readonly string[]): Slot[] {
  return Object.entries(graph).flatMap(([node, { inputs }]) =>
    names.filter(input => typeof inputs[input] === 'number').map(input => ({ node, input })),
  )
}

function findByClass(graph: WorkflowGraph, pattern: RegExp, input: string): Slot[] {
  return Object.entries(graph)
    .filter(([, node]) => pattern.test(node.class_type) && typeof node.inputs[input] === 'string')
    .map(([node]) => ({ node, input }))
}

function addLatent(slots: WorkflowSlots, [node, { inputs }]: [string, WorkflowGraph[string]]): void {
  if (isScalar(inputs.width) && isScalar(inputs.height)) {
    slots.width.push({ node, input: 'width' })
    slots.height.push({ node, input: 'height' })
  }
  if (isScalar(inputs.batch_size)) slots.outputs.push({ node, input: 'batch_size' })
}

function addSettings(slots: WorkflowSlots, [node, { inputs }]: [string, WorkflowGraph[string]]): void {
  const names = SAMPLER_SETTINGS.filter(name => isScalar(inputs[name]))
  slots.settings.push(...names.map(input => ({ node, input, key: input })))
}

function dropRepeated(slots: readonly Slot[]): Slot[] {
  return slots.filter((slot, index) => slots.findIndex(other => isSame(slot, other)) === index)
}

/** Returns the negative slots that are no prompt as well: some models have one text for both. */
function withoutPrompts({ prompt, negative }: WorkflowSlots): Slot[] {
  return dropRepeated(negative).filter(slot => !prompt.some(other => isSame(slot, other)))
}

function isSame(a: Slot, b: Slot): boolean {
  return a.node === b.node && a.input === b.input
}
