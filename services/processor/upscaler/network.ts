import { foldUpsampling } from './fold-upsampling.ts'
import type { Layer, NetworkFiles, Weights } from './network-files.ts'
import type { Activation, Tensor, TensorFlow } from './tensorflow.ts'

/** A network that enlarges images. */
export interface Network {
  /**
   * Enlarges an image of red, green and blue, each from 0 to 255.
   *
   * @returns for each pixel of the image the pixels that it becomes, row by row, each of red, green and blue. They may be a little below 0 or above 255.
   */
  run(pixels: Float32Array, width: number, height: number): Float32Array
}

type Operation = (inputs: readonly Tensor[]) => Tensor

interface Step {
  name: string
  inputs: readonly string[]
  run: Operation
}

const CHANNELS = 3
const CHANNEL_AXIS = 3

/** Creates a network of its files. @throws Error for a layer that is not known here */
export function createNetwork(tf: TensorFlow, files: NetworkFiles, scale: number): Network {
  const steps = createSteps(tf, files, scale)
  const input = files.layers.find(({ kind }) => kind === 'InputLayer')?.name ?? ''
  const output = steps.at(-1)?.name ?? ''
  return {
    run: (pixels, width, height) => {
      const image = tf.tensor(pixels, [1, height, width, CHANNELS])
      const result = runSteps(steps, new Map([[input, image]]), output)
      const values = result.dataSync()
      result.dispose()
      return values
    },
  }
}

/** Runs the steps in their order. A tensor is disposed of as soon as no other step needs it: they are what takes the memory. */
function runSteps(steps: readonly Step[], tensors: Map<string, Tensor>, output: string): Tensor {
  steps.forEach((step, at) => {
    const later = new Set(steps.slice(at + 1).flatMap(({ inputs }) => inputs))
    tensors.set(step.name, step.run(step.inputs.map(name => getTensor(tensors, name))))
    for (const name of new Set(step.inputs.filter(name => !later.has(name)))) {
      getTensor(tensors, name).dispose()
      tensors.delete(name)
    }
  })
  return getTensor(tensors, output)
}

function getTensor(tensors: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const tensor = tensors.get(name)
  if (!tensor) throw new Error(`the network has no layer ${name}`)
  return tensor
}

/**
 * Creates the steps of a network. An activation is part of the convolution before it, and the upsampling part of the one after it, so
 * that no tensor has the size of the result.
 */
function createSteps(tf: TensorFlow, { layers, weights }: NetworkFiles, scale: number): Step[] {
  /** Names of the layers that are part of another one, with that one's name. */
  const merged = new Map<string, string>()
  const resolve = (name: string) => merged.get(name) ?? name
  const steps: Step[] = []
  for (const layer of layers) {
    if (layer.kind === 'InputLayer') continue
    if (layer.kind === 'Activation' || layer.kind === 'UpSampling2D') {
      merged.set(layer.name, resolve(layer.inputs[0] ?? ''))
      continue
    }
    const run = createOperation(tf, layer, { layers, weights }, scale)
    steps.push({ name: layer.name, inputs: layer.inputs.map(resolve), run })
  }
  return steps
}

function createOperation(tf: TensorFlow, layer: Layer, files: NetworkFiles, scale: number): Operation {
  if (layer.kind === 'Concatenate') return inputs => tf.concat(inputs, CHANNEL_AXIS)
  if (layer.kind === 'Add') return ([a, b]) => tf.add(asTensor(a), asTensor(b))
  if (layer.kind !== 'Conv2D') throw new Error(`a layer of kind ${layer.kind} is not known`)
  return createConvolution(tf, layer, files, scale)
}

function createConvolution(tf: TensorFlow, layer: Layer, { layers, weights }: NetworkFiles, scale: number): Operation {
  const isUpsampled = layers.some(({ kind, name }) => kind === 'UpSampling2D' && layer.inputs.includes(name))
  const own = { kernel: getWeights(weights, `${layer.name}/kernel`), bias: getWeights(weights, `${layer.name}/bias`) }
  const { kernel, bias } = isUpsampled ? foldUpsampling(own, scale) : own
  const filter = tf.tensor(kernel.values, kernel.shape)
  const offset = tf.tensor(bias.values, bias.shape)
  const activation = findActivation(layers, layer.name)
  return ([x]) => tf.fused.conv2d({ x: asTensor(x), filter, bias: offset, strides: 1, pad: 'same', activation })
}

/** Returns the activation that follows a layer and nothing else takes the input of. */
function findActivation(layers: readonly Layer[], name: string): Activation {
  const following = layers.filter(({ inputs }) => inputs.includes(name))
  const [next] = following
  if (next?.kind !== 'Activation') return 'linear'
  if (following.length > 1 || next.activation !== 'relu') throw new Error(`the activation of ${name} is not known`)
  return 'relu'
}

function getWeights(weights: NetworkFiles['weights'], name: string): Weights {
  const found = weights.get(name)
  if (!found) throw new Error(`the network has no weights ${name}`)
  return found
}

function asTensor(tensor: Tensor | undefined): Tensor {
  if (!tensor) throw new Error('a layer of the network lacks an input')
  return tensor
}
