import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type ConvolutionWeights, foldUpsampling } from './fold-upsampling.ts'

const INPUTS = 2
const OUTPUTS = 3
const number = fc.integer({ min: -9, max: 9 })
const numbers = (length: number) => fc.array(number, { minLength: length, maxLength: length })

test('gives what the repeated pixels and the convolution after them give', () => {
  const size = fc.record({ width: fc.integer({ min: 1, max: 4 }), height: fc.integer({ min: 1, max: 4 }) })
  const image = size.chain(size => fc.tuple(fc.constant(size), numbers(size.width * size.height * INPUTS)))
  const weights = fc.tuple(numbers(9 * INPUTS * OUTPUTS), numbers(OUTPUTS))
  const property = fc.property(image, weights, fc.constantFrom(2, 3, 4), ([size, pixels], [kernel, bias], scale) => {
    const own = createWeights(kernel, bias)
    const wanted = convolve({ ...repeat({ ...size, pixels }, scale) }, own)
    const folded = convolve({ ...size, pixels }, foldUpsampling(own, scale))
    for (let y = 0; y < size.height * scale; y += 1)
      for (let x = 0; x < size.width * scale; x += 1) {
        const small = Math.floor(y / scale) * size.width + Math.floor(x / scale)
        const from = (small * scale * scale + (y % scale) * scale + (x % scale)) * OUTPUTS
        const to = (y * size.width * scale + x) * OUTPUTS
        expect(folded.slice(from, from + OUTPUTS)).toEqual(wanted.slice(to, to + OUTPUTS))
      }
  })
  fc.assert(property)
})

test('refuses a kernel of another size', () => {
  const kernel = { shape: [5, 5, 1, 1], values: new Float32Array(25) }
  expect(() => foldUpsampling({ kernel, bias: { shape: [1], values: new Float32Array(1) } }, 2)).toThrow('3 by 3')
})

interface Image {
  width: number
  height: number
  pixels: readonly number[]
}

function createWeights(kernel: number[], bias: number[]): ConvolutionWeights {
  return {
    kernel: { shape: [3, 3, INPUTS, OUTPUTS], values: Float32Array.from(kernel) },
    bias: { shape: [OUTPUTS], values: Float32Array.from(bias) },
  }
}

function repeat({ width, height, pixels }: Image, scale: number): Image {
  const repeated = Array.from({ length: width * height * scale * scale }, (_, at) => {
    const [y, x] = [Math.floor(at / (width * scale)), at % (width * scale)]
    const from = (Math.floor(y / scale) * width + Math.floor(x / scale)) * INPUTS
    return pixels.slice(from, from + INPUTS)
  })
  return { width: width * scale, height: height * scale, pixels: repeated.flat() }
}

/** Convolves an image whose surroundings are zero. */
function convolve({ width, height, pixels }: Image, { kernel, bias }: ConvolutionWeights): number[] {
  const outputs = bias.values.length
  return Array.from({ length: width * height * outputs }, (_, at) => {
    const [pixel, output] = [Math.floor(at / outputs), at % outputs]
    let sum = bias.values[output] ?? 0
    for (let tap = 0; tap < 9; tap += 1) {
      const [y, x] = [Math.floor(pixel / width) + Math.floor(tap / 3) - 1, (pixel % width) + (tap % 3) - 1]
      if (y < 0 || x < 0 || y >= height || x >= width) continue
      for (let input = 0; input < INPUTS; input += 1)
        sum +=
          (pixels[(y * width + x) * INPUTS + input] ?? 0) *
          (kernel.values[(tap * INPUTS + input) * outputs + output] ?? 0)
    }
    return sum
  })
}
