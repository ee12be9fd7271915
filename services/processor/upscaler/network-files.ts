import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A layer of a network, as its file has it. */
export interface Layer {
  kind: string
  name: string
  /** Names of the layers that it takes its input from. */
  inputs: readonly string[]
  /** The activation function of a layer of kind `Activation`. */
  activation: string | undefined
  /** The interpolation of a layer of kind `UpSampling2D`. */
  interpolation: string | undefined
}

/** Numbers with their shape: of a kernel `[height, width, input channels, output channels]`. */
export interface Weights {
  shape: readonly number[]
  values: Float32Array
}

/** A network as its files have it. Layers are in an order in which each comes after its inputs. */
export interface NetworkFiles {
  layers: readonly Layer[]
  /** By their names: `<layer>/kernel` and `<layer>/bias`. */
  weights: ReadonlyMap<string, Weights>
}

interface ModelJson {
  modelTopology: {
    model_config: { config: { layers: LayerJson[] } }
  }
  weightsManifest: { paths: string[]; weights: { name: string; shape: number[]; dtype: string }[] }[]
}

interface LayerJson {
  class_name: string
  name: string
  config: { activation?: string; interpolation?: string }
  inbound_nodes: [string, ...unknown[]][][]
}

/** Reads a network of Keras layers in the format of TensorFlow.js. @throws Error if its weights are not numbers of 32 bits, or are cut off */
export async function readNetworkFiles(directory: string): Promise<NetworkFiles> {
  const json = JSON.parse(await readFile(join(directory, 'model.json'), 'utf8')) as ModelJson
  const weights = new Map<string, Weights>()
  for (const group of json.weightsManifest) {
    const parts = await Promise.all(group.paths.map(path => readFile(join(directory, path))))
    const bytes = Buffer.concat(parts)
    let start = bytes.byteOffset
    for (const { name, shape, dtype } of group.weights) {
      if (dtype !== 'float32') throw new Error(`the weights ${name} are ${dtype}`)
      const length = shape.reduce((product, side) => product * side, 1)
      const end = start + length * Float32Array.BYTES_PER_ELEMENT
      // A copy, which begins at a multiple of four bytes.
      weights.set(name, { shape, values: new Float32Array(bytes.buffer.slice(start, end)) })
      start = end
    }
  }
  return { layers: json.modelTopology.model_config.config.layers.map(toLayer), weights }
}

function toLayer({ class_name: kind, name, config, inbound_nodes }: LayerJson): Layer {
  const { activation, interpolation } = config
  return { kind, name, inputs: inbound_nodes.flat().map(([input]) => input), activation, interpolation }
}
