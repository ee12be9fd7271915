import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A tensor of TensorFlow.js, as far as it is used here. */
export interface Tensor {
  dataSync(): Float32Array
  dispose(): void
}

export type Activation = 'linear' | 'relu'

interface Convolution {
  x: Tensor
  filter: Tensor
  bias: Tensor
  strides: number
  pad: 'same'
  activation: Activation
}

/** TensorFlow.js, as far as it is used here: it is no package of the workspace, so it brings no types along. */
export interface TensorFlow {
  tensor(values: Float32Array, shape: readonly number[]): Tensor
  concat(tensors: readonly Tensor[], axis: number): Tensor
  add(a: Tensor, b: Tensor): Tensor
  fused: { conv2d(convolution: Convolution): Tensor }
}

interface Core extends TensorFlow {
  env(): { set(flag: string, value: boolean): void }
  setBackend(name: string): Promise<boolean>
  enableProdMode(): void
}

interface WasmBackend {
  setWasmPaths(directory: string): void
}

const CORE = '@tensorflow/tfjs-core'
const BACKEND = '@tensorflow/tfjs-backend-wasm'

/**
 * Opens TensorFlow.js with its WebAssembly backend: with SIMD where the processor has it, and in one thread, so that an upscale takes one
 * core and no more.
 *
 * @param directory folder of the installed packages
 */
export async function openTensorFlow(directory: string): Promise<TensorFlow> {
  const packages = createRequire(join(directory, 'package.json'))
  const core = packages(CORE) as Core
  const backend = packages(BACKEND) as WasmBackend
  core.enableProdMode()
  core.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  backend.setWasmPaths(`${dirname(packages.resolve(BACKEND))}/`)
  if (!(await core.setBackend('wasm'))) throw new Error('the WebAssembly backend of TensorFlow.js does not start')
  return core
}
