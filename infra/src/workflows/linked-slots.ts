import { getLinkedNode, isScalar, type WorkflowGraph } from './workflow-graph.ts'
import { createEmptySlots, type Slot, type WorkflowSlots } from './workflow-slots.ts'

/** Settings of a sampler that people change. */
const SAMPLER_SETTINGS = ['steps', 'cfg', 'sampler_name', 'scheduler', 'denoise'] as const
const TEXT_INPUTS = ['text', 'prompt', 'value', 'string'] as const
const SEED_INPUTS = ['seed', 'noise_seed'] as const

/** Finds the slots of a workflow in which no title names one, by how its nodes are linked to its samplers. */
export function findLinkedSlots(graph: WorkflowGraph): WorkflowSlots {
  const slots = createEmptySlots()
  const samplers = Object.entries(graph).filter(([, { inputs }]) => 'positive' in inputs && 'latent_image' in inputs)
  for (const [, { inputs }] of samplers) {
    slots.prompt.push(...findText(graph, getLinkedNode(inputs.positive)))
    slots.negative.push(...findText(graph, getLinkedNode(inputs.negative)))
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

/** Returns the text that a link leads to: of the linked node, or of those that it is linked to. */
function findText(graph: WorkflowGraph, from: string | undefined): Slot[] {
  const seen = new Set<string>()
  const open = from === undefined ? [] : [from]
  for (let id = open.shift(); id !== undefined; id = open.shift()) {
    const node = graph[id]
    if (node === undefined || seen.has(id)) continue
    seen.add(id)
    const input = TEXT_INPUTS.find(input => typeof node.inputs[input] === 'string')
    if (input !== undefined) return [{ node: id, input }]
    open.push(...Object.values(node.inputs).flatMap(value => getLinkedNode(value) ?? []))
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
