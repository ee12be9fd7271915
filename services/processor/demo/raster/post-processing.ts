import { TINTS, TONES } from '../color/color-table.ts'
import { mix } from './random.ts'
import type { Plate } from './raster.ts'

const VIGNETTE = 0.14

/**
 * Prints a plate through a toning bath, with the grain of film: each grain leans a little towards its neighbours, and shows
 * most in the middle tones.
 *
 * @param table of `tableOf`
 * @param grain 0 to 1
 * @returns red, green, blue, a byte each, row by row
 */
export function print(plate: Plate, table: Float32Array, grain: number, seed: number): Uint8Array<ArrayBuffer> {
  const { width, height, side } = plate
  const pixels = new Uint8Array(width * height * 3)
  const above = new Float32Array(width)
  const strength = grain * 0.09 * Math.min(1, 0.4 + (0.6 * side) / 1024)
  for (let row = 0; row < height; row++) {
    const y = (row + 0.5 - height / 2) / side
    let beside = 0
    for (let column = 0; column < width; column++) {
      const at = row * width + column
      const bits = mix(at ^ seed)
      beside = 0.8 * bell(bits) + 0.35 * beside + 0.3 * (above[column] ?? 0)
      above[column] = beside
      const x = (column + 0.5 - width / 2) / side
      const clean = Math.min(1, Math.max(0, (plate.tone[at] ?? 0) - VIGNETTE * (x * x + y * y)))
      const tone = clean + beside * strength * (0.35 + 2.2 * clean * (1 - clean))
      const tint = (plate.tint[at] ?? 0) * (TINTS - 1) + (bits >>> 24) / 255
      const from = (index(tint, TINTS) * TONES + index(tone * TONES, TONES)) * 3
      for (let channel = 0; channel < 3; channel++) pixels[at * 3 + channel] = (table[from + channel] ?? 0) + 0.5
    }
  }
  return pixels
}

/** About -1 to 1, mostly near 0: the sum of four even dice. */
function bell(bits: number): number {
  return ((bits & 0xff) + ((bits >>> 8) & 0xff) + ((bits >>> 16) & 0xff) + (bits >>> 24)) / 510 - 1
}

function index(place: number, count: number): number {
  return Math.min(count - 1, Math.max(0, Math.floor(place)))
}
