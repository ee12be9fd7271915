import { createMetadata, type ImageMetadata, parseLooseJson, restoreDigits, toObject } from './metadata.ts'

type Graph = Record<string, unknown>

/** Most nodes that lead from a sampler to its text. */
const MAX_DEPTH = 16

/**
 * Reads the format of ComfyUI, a graph of nodes: texts and sizes are found by following the links of the sampler. A custom sampler has
 * its settings in the nodes that it is linked with.
 */
export function readComfy({ prompt = '' }: Readonly<Record<string, string>>): ImageMetadata | undefined {
  const graph = toObject(parseLooseJson(prompt))
  const nodes = Object.values(graph).map(toObject)
  const sampler = nodes.find(node => /KSampler|SamplerCustom/.test(String(node.class_type)))
  if (!sampler) return undefined
  const own = toObject(sampler.inputs)
  const inputs = {
    ...own,
    ...readInputs(graph, own.noise),
    ...readInputs(graph, own.guider),
    ...readInputs(graph, own.sigmas),
  }
  const loader = nodes.find(node => /CheckpointLoader|UNETLoader|UnetLoader/.test(String(node.class_type)))
  const files = toObject(loader?.inputs)
  const { seed, noise_seed, positive, conditioning, negative, model: _, ...rest } = inputs
  const { width, height } = readInputs(graph, own.latent_image)
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

/** Returns the inputs of the node that a link leads to. */
function readInputs(graph: Graph, link: unknown): Record<string, unknown> {
  return Array.isArray(link) ? toObject(toObject(graph[String(link[0])]).inputs) : {}
}

/** Follows a link of a graph to a text, through any nodes in between, each once. */
function findText(graph: Graph, link: unknown, seen = new Set<string>()): string | undefined {
  if (!Array.isArray(link) || seen.size > MAX_DEPTH || seen.has(String(link[0]))) return undefined
  seen.add(String(link[0]))
  const inputs = readInputs(graph, link)
  const text = inputs.text ?? inputs.text_g ?? inputs.string ?? inputs.value
  if (typeof text === 'string') return text
  for (const next of [text, ...Object.values(inputs)]) {
    const found = findText(graph, next, seen)
    if (found !== undefined) return found
  }
  return undefined
}
