import { type Lab, rgbFromLab } from './oklab.ts'
import type { Palette } from './palettes.ts'

/** Steps of tone and tint in the color table. */
export const TONE_COUNT = 1024
export const TINT_COUNT = 32

/**
 * Creates the lookup table from tint and tone to RGB (0 to 255, not rounded): a row per tint (shade to lit), a column per tone
 * (dark to light).
 */
export function createColorTable(palette: Palette): Float32Array {
  const table = new Float32Array(TINT_COUNT * TONE_COUNT * 3)
  for (let tint = 0; tint < TINT_COUNT; tint++) {
    const stops = palette.shade.map((stop, i) => lerpLab(stop, palette.lit[i] ?? stop, tint / (TINT_COUNT - 1)))
    for (let tone = 0; tone < TONE_COUNT; tone++) {
      table.set(rgbFromLab(interpolateStops(stops, tone / (TONE_COUNT - 1))), (tint * TONE_COUNT + tone) * 3)
    }
  }
  return table
}

function lerpLab(from: Lab, to: Lab, share: number): Lab {
  return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share, from[2] + (to[2] - from[2]) * share]
}

/** Interpolates a gradient of evenly spaced stops, linearly in OKLab. */
function interpolateStops(stops: readonly Lab[], tone: number): Lab {
  const position = tone * (stops.length - 1)
  const from = Math.min(stops.length - 2, Math.floor(position))
  const a = stops[from]
  const b = stops[from + 1]
  if (!a || !b) throw new RangeError('a palette needs at least two stops')
  return lerpLab(a, b, position - from)
}
