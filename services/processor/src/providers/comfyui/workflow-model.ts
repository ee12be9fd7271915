import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelInput, ModelSpec, Operation, Setting, Sizes } from '@darkroom/contracts/model'
import type { Workflow, WorkflowGraph } from '@darkroom/infra/workflows/workflow-graph'
import type { Slot, WorkflowSlots } from '@darkroom/infra/workflows/workflow-slots'
import { FREE_SIZES } from '../openai-compatible/sizes.ts'
import { getMaximum, type NodeClass, toSetting } from './object-info.ts'

/** Most outputs of one prompt: they are in the memory of the graphics card at once. */
const OUTPUTS_PER_PROMPT = 4
const MAX_SECONDS = 3_600
const DEFAULT_SIDE = 1_024

/** Describes a workflow as a model: what it has no slot for is not offered. */
export function toModelSpec(
  connection: string,
  { name, graph }: Workflow,
  slots: WorkflowSlots,
  classes: ReadonlyMap<string, NodeClass>,
): ModelSpec {
  return {
    id: `${connection}/${name}`,
    name,
    connection,
    kind: 'image',
    note: null,
    operations: listOperations(slots),
    sizes: toSizes(graph, slots),
    durations: [],
    maxOutputs: LIMITS.outputs,
    outputsPerCall: slots.outputs.length > 0 ? OUTPUTS_PER_PROMPT : 1,
    inputs: listInputs(slots),
    mask: toMaskPolarity(graph, slots),
    promptCharacters: LIMITS.promptCharacters,
    seed: toSeedRange(graph, slots, classes),
    negativePrompt: slots.negative.length > 0,
    settings: toSettings(graph, slots, classes),
    price: { kind: 'free' },
    answers: 'job',
    resume: 'own-id',
    cancel: 'refunds',
    previews: true,
    progress: true,
    outputSeconds: null,
    retiresAt: null,
    source: 'discovered',
    estimatedSeconds: 30,
    estimatedSecondsEach: slots.outputs.length > 0 ? 10 : 30,
    maxSeconds: MAX_SECONDS,
  }
}

/** Returns the polarity of the mask: ComfyUI inverts an alpha channel, so that what is transparent is changed, and no other channel. */
function toMaskPolarity(graph: WorkflowGraph, { mask: [slot] }: WorkflowSlots): ModelSpec['mask'] {
  if (!slot) return 'none'
  const channel = graph[slot.node]?.inputs.channel ?? 'alpha'
  return channel === 'alpha' ? 'alpha-is-edit' : 'white-is-edit'
}

function listOperations({ references, mask }: WorkflowSlots): Operation[] {
  if (references.length === 0) return ['generate', 'vary']
  return mask.length > 0 ? ['inpaint'] : ['edit']
}

function listInputs({ references, mask }: WorkflowSlots): ModelInput[] {
  const input = { maxBytes: null, types: [], needsPublicUrl: false }
  return [
    ...(references.length > 0 ? [{ ...input, role: 'reference' as const, min: 1, max: references.length }] : []),
    ...(mask.length > 0 ? [{ ...input, role: 'mask' as const, min: 1, max: 1 }] : []),
  ]
}

/** Returns any size, where the workflow has a slot for it; else that of the file, or one that the workflow itself decides. */
function toSizes(graph: WorkflowGraph, { width, references }: WorkflowSlots): Sizes {
  if (width.length > 0) return { ...FREE_SIZES, step: 8 } as Sizes
  const fixed = Object.values(graph).find(
    ({ inputs }) => isSide(inputs.width) && isSide(inputs.height) && 'batch_size' in inputs,
  )
  const sizes = [
    { width: Number(fixed?.inputs.width ?? DEFAULT_SIDE), height: Number(fixed?.inputs.height ?? DEFAULT_SIDE) },
  ]
  return { kind: 'list', sizes, auto: references.length > 0 }
}

function isSide(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_536
}

function toSeedRange(
  graph: WorkflowGraph,
  { seed }: WorkflowSlots,
  classes: ReadonlyMap<string, NodeClass>,
): ModelSpec['seed'] {
  if (seed.length === 0) return null
  const maxima = seed.map(slot => {
    const node = findClass(graph, classes, slot)
    return (node && getMaximum(node, slot.input)) ?? Number.MAX_SAFE_INTEGER
  })
  return { min: 0, max: Math.min(Number.MAX_SAFE_INTEGER, ...maxima) }
}

function toSettings(
  graph: WorkflowGraph,
  { settings }: WorkflowSlots,
  classes: ReadonlyMap<string, NodeClass>,
): Record<string, Setting> {
  const entries = settings.flatMap((slot, order): [string, Setting][] => {
    const node = findClass(graph, classes, slot)
    const value = graph[slot.node]?.inputs[slot.input]
    const setting = node && toSetting(node, slot.input, { value, order })
    return setting ? [[slot.key, setting]] : []
  })
  return Object.fromEntries(entries)
}

function findClass(
  graph: WorkflowGraph,
  classes: ReadonlyMap<string, NodeClass>,
  { node }: Slot,
): NodeClass | undefined {
  return classes.get(graph[node]?.class_type ?? '')
}
