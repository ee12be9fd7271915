import { createMetadata, type ImageMetadata, toObject } from '../metadata.ts'
import {
  follow,
  type Graph,
  type GraphNode,
  getLinkedId,
  getLinkedNode,
  type Inputs,
  PATHS,
  resolveScalar,
} from './comfy-graph.ts'
import { readGraph } from './comfy-nodes.ts'
import { findText } from './comfy-text.ts'

/** Inputs that make a node of a third party a sampler: one leads to the text, and one is of the sampling. */
const TEXT_INPUTS = ['positive', 'conditioning', 'guider']
const SAMPLER_TYPES = /KSampler|SamplerCustom/
const SEEDS = ['seed', 'noise_seed']
const SAMPLING_INPUTS = ['seed', 'noise_seed', 'noise', 'steps', 'sampler_name', 'sigmas', 'denoise']
/** Inputs of a file of a model. */
const MODEL_FILES = ['ckpt_name', 'unet_name', 'model_name', 'base_ckpt_name', 'diffusion_model']
/** Most samplers in a row, each of which refines what the one before it made. */
const MAX_SAMPLERS = 20
/** Most inputs of a sampler that are settings. Each may lead through as many nodes as are followed. */
const MAX_INPUTS = 100

/**
 * Reads the format of ComfyUI, a graph of nodes: texts, the model and the size are found by following the links of the sampler. A custom
 * sampler has its settings in the nodes that it is linked with.
 *
 * @see https://docs.comfy.org/specs/workflow_json
 */
export function readComfy(texts: Readonly<Record<string, string>>): ImageMetadata | undefined {
  const graph = readGraph(texts)
  const sampler = findSampler(graph)
  if (!sampler) return undefined
  const settings = collectSettings(graph, sampler)
  const { seed, noise_seed, positive, conditioning, prompt, negative, ...rest } = settings
  const link = settings.latent_image ?? settings.latent ?? settings.samples
  const size = follow(graph, link, PATHS.latent, ({ inputs }) =>
    'width' in inputs && 'height' in inputs ? inputs : undefined,
  )
  return createMetadata({
    source: 'ComfyUI',
    prompt: findText(graph, positive ?? conditioning ?? prompt, 'positive') ?? '',
    negative: findText(graph, negative, 'negative'),
    model: findModel(graph, settings),
    seed: resolveScalar(graph, seed ?? noise_seed),
    width: resolveScalar(graph, size?.width ?? settings.width),
    height: resolveScalar(graph, size?.height ?? settings.height),
    rest: Object.fromEntries(
      Object.entries(rest)
        .slice(0, MAX_INPUTS)
        .map(([name, value]) => [name, resolveScalar(graph, value)]),
    ),
  })
}

/** Finds the sampler that made the image from noise: the first of those that refine one another. */
function findSampler(graph: Graph): GraphNode | undefined {
  const nodes = [...graph.values()]
  let sampler = nodes.find(isSampler) ?? nodes.find(isWhole)
  for (let count = 0; sampler && count < MAX_SAMPLERS; count += 1) {
    const { inputs } = sampler
    const current = sampler
    const link = inputs.latent_image ?? inputs.latent ?? inputs.samples
    const before = follow(graph, link, PATHS.latent, node => (node !== current && isSampler(node) ? node : undefined))
    if (!before) return sampler
    sampler = before
  }
  return sampler
}

function isSampler({ type, inputs }: GraphNode): boolean {
  const leadsToText = TEXT_INPUTS.some(name => getLinkedId(inputs[name]) !== undefined)
  return leadsToText && (SAMPLER_TYPES.test(type) || hasAny(inputs, SAMPLING_INPUTS))
}

/** Returns whether a node makes an image by itself, from a text and a seed: one of a provider, or a pipeline in one node. */
function isWhole({ type, inputs }: GraphNode): boolean {
  return hasAny(inputs, SEEDS) && (hasAny(inputs, ['prompt', 'positive']) || SAMPLER_TYPES.test(type))
}

function hasAny(inputs: Inputs, names: readonly string[]): boolean {
  return names.some(name => Object.hasOwn(inputs, name))
}

/** Returns the inputs of a sampler and of the nodes that have a part of its settings. */
function collectSettings(graph: Graph, { inputs }: GraphNode): Inputs {
  const parts = ['noise', 'guider', 'sampler', 'sigmas'].map(name => getLinkedNode(graph, inputs[name])?.inputs ?? {})
  const [noise, guider, sampler, sigmas] = parts
  const { model: _model, ...schedule } = sigmas ?? {}
  return { ...sampler, ...schedule, ...noise, ...guider, ...inputs }
}

/** Returns the file of the model: that which the links lead to, else the first of the graph. */
function findModel(graph: Graph, { model, guider }: Inputs): unknown {
  const linked = follow(graph, model ?? guider, PATHS.model, getModelFile)
  if (linked !== undefined) return linked
  for (const node of graph.values()) {
    const file = getModelFile(node)
    if (file !== undefined) return file
  }
  return undefined
}

/** Returns the file that a node loads. Some name it by an object. */
function getModelFile({ inputs }: GraphNode): unknown {
  const name = MODEL_FILES.find(key => Object.hasOwn(inputs, key))
  if (name === undefined) return undefined
  const content = toObject(inputs[name]).content
  return typeof content === 'string' ? content : inputs[name]
}
