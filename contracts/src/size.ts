import type { AspectRatio, Resolution } from './enums.ts'

const EDGE_STEP = 8

/**
 * Returns the size of an image before it exists.
 *
 * @param ratio width to height, as `3:2`
 * @param resolution side of the square of equal area, in pixels
 * @returns width and height in pixels, each a multiple of 8
 */
export function computeSize(ratio: AspectRatio, resolution: Resolution): { width: number; height: number } {
  const [across = 1, down = 1] = ratio.split(':').map(Number)
  const height = resolution / Math.sqrt(across / down)
  return { width: roundToStep((height * across) / down), height: roundToStep(height) }
}

function roundToStep(pixels: number): number {
  return Math.max(EDGE_STEP, Math.round(pixels / EDGE_STEP) * EDGE_STEP)
}
