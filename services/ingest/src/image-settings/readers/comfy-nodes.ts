import { parseLooseJson } from '../loose-json.ts'
import { toObject } from '../metadata.ts'
import type { Graph, GraphNode } from './comfy-graph.ts'

/** Names of the values of nodes whose workflow does not name them, in their order. A seed is followed by what becomes of it. */
const WIDGETS: Readonly<Record<string, readonly string[]>> = {
  KSampler: ['seed', '', 'steps', 'cfg', 'sampler_name', 'scheduler', 'denoise'],
  KSamplerAdvanced: ['add_noise', 'noise_seed', '', 'steps', 'cfg', 'sampler_name', 'scheduler'],
  SamplerCustom: ['add_noise', 'noise_seed', '', 'cfg'],
  RandomNoise: ['noise_seed'],
  KSamplerSelect: ['sampler_name'],
  BasicScheduler: ['scheduler', 'steps', 'denoise'],
  CFGGuider: ['cfg'],
  FluxGuidance: ['guidance'],
  CLIPTextEncode: ['text'],
  CLIPTextEncodeFlux: ['clip_l', 't5xxl', 'guidance'],
  CheckpointLoaderSimple: ['ckpt_name'],
  UNETLoader: ['unet_name'],
  UnetLoaderGGUF: ['unet_name'],
  EmptyLatentImage: ['width', 'height'],
  EmptySD3LatentImage: ['width', 'height'],
  StringConcatenate: ['string_a', 'string_b', 'delimiter'],
  PrimitiveNode: ['value'],
  PrimitiveString: ['value'],
  PrimitiveStringMultiline: ['value'],
  PrimitiveInt: ['value'],
}
/** Modes of nodes that are not run. */
const [MUTED, BYPASSED] = [2, 4]

/** Reads a graph as it was run (`prompt`), else as it was drawn (`workflow`). */
export function readGraph({ prompt, workflow }: Readonly<Record<string, string>>): Graph {
  const graph = toGraph(toObject(parseLooseJson(prompt)))
  return graph.size > 0 ? graph : readWorkflow(toObject(parseLooseJson(workflow)))
}

function toGraph(nodes: Readonly<Record<string, unknown>>): Graph {
  const entries = Object.entries(nodes).flatMap(([id, value]): [string, GraphNode][] => {
    const { class_type: type, inputs } = toObject(value)
    if (typeof type !== 'string' && typeof inputs !== 'object') return []
    return [[id, { type: typeof type === 'string' ? type : '', inputs: toObject(inputs) }]]
  })
  return new Map(entries)
}

/**
 * Converts a workflow, the graph as it is drawn, to the form in which it is run: values get the names of their inputs. A value of a node
 * that is not known and does not name them is its text.
 *
 * @see https://docs.comfy.org/specs/workflow_json
 */
function readWorkflow({ nodes, links }: Readonly<Record<string, unknown>>): Graph {
  const sources = readLinks(links)
  const list = Array.isArray(nodes) ? nodes.map(toObject) : []
  const active = list.filter(({ mode }) => mode !== MUTED && mode !== BYPASSED)
  return new Map(active.map(node => [String(node.id), toNode(node, sources)]))
}

/** Returns the node and the output that each link comes from. Links are lists, or objects in newer workflows. */
function readLinks(links: unknown): ReadonlyMap<unknown, [string, unknown]> {
  const entries = (Array.isArray(links) ? links : []).map((link): [unknown, [string, unknown]] => {
    if (Array.isArray(link)) return [link[0], [String(link[1]), link[2]]]
    const { id, origin_id: origin, origin_slot: slot } = toObject(link)
    return [id, [String(origin), slot]]
  })
  return new Map(entries)
}

function toNode(
  { type: given, inputs, widgets_values: values }: Record<string, unknown>,
  sources: ReadonlyMap<unknown, [string, unknown]>,
): GraphNode {
  const type = typeof given === 'string' ? given : ''
  const slots = (Array.isArray(inputs) ? inputs : []).map(toObject)
  const linked = slots.flatMap(({ name, link }): [string, unknown][] => {
    const source = link === null || link === undefined ? undefined : sources.get(link)
    return typeof name === 'string' && source ? [[name, source]] : []
  })
  return { type, inputs: { ...Object.fromEntries(nameValues(type, slots, values)), ...Object.fromEntries(linked) } }
}

function nameValues(type: string, slots: readonly Record<string, unknown>[], values: unknown): [string, unknown][] {
  if (!Array.isArray(values)) return Object.entries(toObject(values))
  const known = Object.hasOwn(WIDGETS, type) ? WIDGETS[type] : undefined
  const names = known ?? slots.flatMap(({ widget }) => toWidgetNames(widget))
  const named = names.map((name, index): [string, unknown] => [name, values[index]]).filter(([name]) => name !== '')
  const texts = values.filter(value => typeof value === 'string')
  return names.length === 0 && texts.length === 1 ? [['text', texts[0]]] : named
}

/** Returns the names of the values of a widget: that of a seed has a second value, what becomes of it. */
function toWidgetNames(widget: unknown): string[] {
  const { name } = toObject(widget)
  if (typeof name !== 'string') return []
  return name === 'seed' || name === 'noise_seed' ? [name, ''] : [name]
}
