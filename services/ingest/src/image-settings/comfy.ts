import { parseLooseJson } from './loose-json.ts'
import { createMetadata, type ImageMetadata, restoreDigits, toObject } from './metadata.ts'

type Inputs = Record<string, unknown>
type Graph = ReadonlyMap<string, { type: string; inputs: Inputs }>

/** Most nodes that are visited on the way from a sampler to its text. */
const MAX_VISITED_NODES = 10_000
/** Most links that are followed on that way. */
const MAX_FOLLOWED_LINKS = 50_000

/**
 * Reads the format of ComfyUI, a graph of nodes: texts and sizes are found by following the links of the sampler. A custom sampler has
 * its settings in the nodes that it is linked with.
 */
export function readComfy({ prompt = '' }: Readonly<Record<string, string>>): ImageMetadata | undefined {
  const graph = readGraph(prompt)
  const sampler = findNode(graph, ['KSampler', 'SamplerCustom'])
  if (!sampler) return undefined
  const inputs = collectSettings(graph, sampler)
  const files = findNode(graph, ['CheckpointLoader', 'UNETLoader', 'UnetLoader']) ?? {}
  const { seed, noise_seed, positive, conditioning, negative, model: _, ...rest } = inputs
  const { width, height } = getLinkedInputs(graph, sampler.latent_image)
  return createMetadata({
    source: 'ComfyUI',
    prompt: findText(graph, positive ?? conditioning) ?? '',
    negative: findText(graph, negative),
    model: files.ckpt_name ?? files.unet_name,
    seed: restoreDigits(prompt, seed ?? noise_seed),
    width,
    height,
    rest,
  })
}

/** Reads the nodes by id. A map: an id may be `__proto__`. */
function readGraph(text: string): Graph {
  const nodes = Object.entries(toObject(parseLooseJson(text))).map(([id, value]) => {
    const { class_type: type, inputs } = toObject(value)
    return [id, { type: typeof type === 'string' ? type : '', inputs: toObject(inputs) }] as const
  })
  return new Map(nodes)
}

/** Returns the inputs of the first node of one of the types. */
function findNode(graph: Graph, types: readonly string[]): Inputs | undefined {
  for (const node of graph.values()) if (types.some(type => node.type.includes(type))) return node.inputs
  return undefined
}

function collectSettings(graph: Graph, sampler: Inputs): Inputs {
  return {
    ...sampler,
    ...getLinkedInputs(graph, sampler.noise),
    ...getLinkedInputs(graph, sampler.guider),
    ...getLinkedInputs(graph, sampler.sigmas),
  }
}

/** Returns the inputs of the node that a link leads to. */
function getLinkedInputs(graph: Graph, link: unknown): Inputs {
  const id = getLinkedId(link)
  return (id === undefined ? undefined : graph.get(id)?.inputs) ?? {}
}

/** Returns the id of the node that a link, `[id, number of the output]`, leads to; undefined if the value is no link. */
function getLinkedId(value: unknown): string | undefined {
  const id: unknown = Array.isArray(value) ? value[0] : undefined
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}

/**
 * Follows a link to the nearest text, depth first. Each node is visited once, whatever leads to it, and nothing is recursive: a graph of
 * n links takes n steps and no stack.
 */
function findText(graph: Graph, link: unknown): string | undefined {
  const visited = new Set<string>()
  const pending: unknown[] = [link]
  for (let followed = 0; pending.length > 0 && followed < MAX_FOLLOWED_LINKS; followed += 1) {
    const id = getLinkedId(pending.pop())
    if (id === undefined || visited.has(id) || visited.size >= MAX_VISITED_NODES) continue
    visited.add(id)
    const inputs = graph.get(id)?.inputs ?? {}
    const text = inputs.text ?? inputs.text_g ?? inputs.string ?? inputs.value
    if (typeof text === 'string') return text
    for (const next of [text, ...Object.values(inputs)].toReversed()) if (Array.isArray(next)) pending.push(next)
  }
  return undefined
}
