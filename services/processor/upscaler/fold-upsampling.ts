import type { Weights } from './network-files.ts'

/** The weights of a convolution. */
export interface ConvolutionWeights {
  /** `[height, width, input channels, output channels]`, of three by three pixels. */
  kernel: Weights
  bias: Weights
}

const SIDE = 3

/**
 * Folds the repetition of each pixel (`scale` times across and down) into the convolution that comes after it. The new one works on the
 * small image and gives all pixels that one of its pixels becomes, row by row, as its channels: the same numbers, with a sixteenth of
 * the memory at a scale of 4.
 *
 * @throws Error if the kernel is not of three by three pixels
 */
export function foldUpsampling({ kernel, bias }: ConvolutionWeights, scale: number): ConvolutionWeights {
  const [height, width, inputs = 0, outputs = 0] = kernel.shape
  if (height !== SIDE || width !== SIDE) throw new Error('the kernel after the upsampling is not of 3 by 3 pixels')
  const phases = scale * scale
  const values = new Float32Array(kernel.values.length * phases)
  for (let phase = 0; phase < phases; phase += 1) {
    const [down, across] = [Math.floor(phase / scale), phase % scale]
    for (let tap = 0; tap < SIDE * SIDE; tap += 1) {
      const row = toSmallTap(Math.floor(tap / SIDE), down, scale)
      const target = row * SIDE + toSmallTap(tap % SIDE, across, scale)
      for (let input = 0; input < inputs; input += 1)
        for (let output = 0; output < outputs; output += 1) {
          const at = ((target * inputs + input) * phases + phase) * outputs + output
          values[at] = (values[at] ?? 0) + (kernel.values[(tap * inputs + input) * outputs + output] ?? 0)
        }
    }
  }
  const biases = Float32Array.from({ length: phases * outputs }, (_, at) => bias.values[at % outputs] ?? 0)
  return {
    kernel: { shape: [SIDE, SIDE, inputs, phases * outputs], values },
    bias: { shape: [phases * outputs], values: biases },
  }
}

/** Returns the tap of the small image in which a tap of the large one lies, seen from one of the pixels that a small one becomes. */
function toSmallTap(tap: number, phase: number, scale: number): number {
  return Math.floor((phase + tap - 1) / scale) + 1
}
