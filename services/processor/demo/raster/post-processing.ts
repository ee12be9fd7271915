import { TINT_COUNT, TONE_COUNT } from '../color/color-table.ts'
import { hash32 } from './random.ts'
import type { Raster } from './raster.ts'

/** Strength of the vignette: the corners of a square image lose half of it in tone. */
const VIGNETTE_STRENGTH = 0.14

/**
 * Converts a raster to pixels through the color table, with a vignette and film grain. The grain is noise that is correlated
 * with the neighbours to the left and above, and strongest in the midtones. The tint is dithered between steps of the table.
 *
 * @param table from `createColorTable`
 * @param grain strength of the film grain, 0 to 1
 * @returns RGB, a byte per channel, row by row
 */
export function renderPixels(
  raster: Raster,
  table: Float32Array,
  grain: number,
  seed: number,
): Uint8Array<ArrayBuffer> {
  const { width, height, pixelsPerUnit } = raster
  const pixels = new Uint8Array(width * height * 3)
  const grainAbove = new Float32Array(width)
  const strength = grain * 0.09 * Math.min(1, 0.4 + (0.6 * pixelsPerUnit) / 1024)
  for (let row = 0; row < height; row++) {
    const y = (row + 0.5 - height / 2) / pixelsPerUnit
    let grainLeft = 0
    for (let column = 0; column < width; column++) {
      const at = row * width + column
      const bits = hash32(at ^ seed)
      grainLeft = 0.8 * approximateGaussian(bits) + 0.35 * grainLeft + 0.3 * (grainAbove[column] ?? 0)
      grainAbove[column] = grainLeft
      const x = (column + 0.5 - width / 2) / pixelsPerUnit
      const ungrainedTone = Math.min(1, Math.max(0, (raster.tone[at] ?? 0) - VIGNETTE_STRENGTH * (x * x + y * y)))
      const tone = ungrainedTone + grainLeft * strength * (0.35 + 2.2 * ungrainedTone * (1 - ungrainedTone))
      const tint = (raster.tint[at] ?? 0) * (TINT_COUNT - 1) + (bits >>> 24) / 255
      const from = (clampIndex(tint, TINT_COUNT) * TONE_COUNT + clampIndex(tone * TONE_COUNT, TONE_COUNT)) * 3
      for (let channel = 0; channel < 3; channel++) pixels[at * 3 + channel] = (table[from + channel] ?? 0) + 0.5
    }
  }
  return pixels
}

/** Returns an approximately normal value, about -1 to 1: the sum of four uniform bytes. */
function approximateGaussian(bits: number): number {
  return ((bits & 0xff) + ((bits >>> 8) & 0xff) + ((bits >>> 16) & 0xff) + (bits >>> 24)) / 510 - 1
}

function clampIndex(value: number, count: number): number {
  return Math.min(count - 1, Math.max(0, Math.floor(value)))
}
