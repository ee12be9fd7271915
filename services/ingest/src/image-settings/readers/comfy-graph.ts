export type Inputs = Readonly<Record<string, unknown>>

export interface GraphNode {
  type: string
  inputs: Inputs
}

/** The nodes of a graph by id. A map: an id may be `__proto__`. */
export type Graph = ReadonlyMap<string, GraphNode>

/** Most nodes in a row that are followed to a value. */
const MAX_HOPS = 1_000
/** Inputs that lead on to the model, from nodes such as those of LoRAs; to the size; and to a number. */
export const PATHS = {
  model: ['model', 'model1', 'base_model', 'unet', 'guider', 'sdxl_tuple', 'pipe', 'model_opt'],
  latent: ['latent_image', 'latent', 'samples', 'optional_latent', 'latents', 'pipe', 'guider'],
  value: ['value', 'seed', 'noise_seed', 'int', 'number', 'float', 'input', 'any', 'source'],
} as const

/** Returns the id of the node that a link, `[id, number of the output]`, leads to; undefined if the value is no link. */
export function getLinkedId(value: unknown): string | undefined {
  const id: unknown = Array.isArray(value) && value.length === 2 ? value[0] : undefined
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}

/** Returns the node that a link leads to. */
export function getLinkedNode(graph: Graph, link: unknown): GraphNode | undefined {
  const id = getLinkedId(link)
  return id === undefined ? undefined : graph.get(id)
}

/** Follows links by the names of inputs until `pick` finds something in a node. */
export function follow<T>(
  graph: Graph,
  link: unknown,
  names: readonly string[],
  pick: (node: GraphNode) => T | undefined,
): T | undefined {
  const visited = new Set<GraphNode>()
  let node = getLinkedNode(graph, link)
  for (let hops = 0; node && !visited.has(node) && hops < MAX_HOPS; hops += 1) {
    const found = pick(node)
    if (found !== undefined) return found
    visited.add(node)
    const { inputs } = node
    const next = names.find(name => Object.hasOwn(inputs, name) && getLinkedId(inputs[name]) !== undefined)
    node = next === undefined ? undefined : getLinkedNode(graph, inputs[next])
  }
  return undefined
}

/** Returns a value as it is, or the number or text of the node that it is linked with. */
export function resolveScalar(graph: Graph, value: unknown): unknown {
  if (getLinkedId(value) === undefined) return value
  return follow(graph, value, PATHS.value, ({ inputs }) => {
    const name = PATHS.value.find(key => Object.hasOwn(inputs, key) && !Array.isArray(inputs[key]))
    return name === undefined ? undefined : inputs[name]
  })
}
