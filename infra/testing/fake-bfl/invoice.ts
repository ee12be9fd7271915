import { PIXELS_PER_MEGAPIXEL, type TakenSubmission } from './submission.ts'

/** The cost in the answer to a submission, in credits of a hundredth of a dollar. */
export interface Cost {
  cost: number
  input_mp: number
  output_mp: number
}

/**
 * Computes the cost of a submission. FLUX.2 is billed by started megapixels: the first of the output has its own price, and each further
 * one, of the output or of an input, another.
 *
 * @see https://docs.bfl.ai/quick_start/pricing [D]; that a megapixel is 1,024 × 1,024 pixels, and that parts count as whole ones, is [U]
 */
export function computeCost({ model, width, height, inputMegapixels }: TakenSubmission): Cost {
  const outputMegapixels = (width * height) / PIXELS_PER_MEGAPIXEL
  const [first, next] = PRICES[model] ?? [0, 0]
  const further = [...inputMegapixels, outputMegapixels].reduce((sum, megapixels) => sum + Math.ceil(megapixels), -1)
  return {
    cost: Number((first + next * further).toFixed(4)),
    input_mp: round(inputMegapixels.reduce((sum, megapixels) => sum + megapixels, 0)),
    output_mp: round(outputMegapixels),
  }
}

/** Credits of the first megapixel, and of each further one. */
const PRICES: Readonly<Record<string, readonly [first: number, next: number]>> = {
  'flux-2-pro': [3, 1.5],
  'flux-2-max': [7, 3],
  'flux-2-flex': [5, 5],
  'flux-2-klein-9b': [1.5, 0.2],
  'flux-2-klein-4b': [1.4, 0.1],
  'flux-kontext-pro': [4, 0],
  'flux-kontext-max': [8, 0],
  'flux-pro-1.1': [4, 0],
  'flux-pro-1.1-ultra': [6, 0],
  'flux-pro-1.0-fill': [5, 0],
}

function round(megapixels: number): number {
  return Number(megapixels.toFixed(2))
}
