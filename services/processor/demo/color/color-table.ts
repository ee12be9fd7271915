import { type Lab, rgbFromLab } from './oklab.ts'
import type { Toning } from './palettes.ts'

export const TONES = 1024
export const TINTS = 32

/** Every colour a print can have: red, green, blue (0 to 255) for each tint (shade to lit), for each tone (dark to light). */
export function tableOf(toning: Toning): Float32Array {
  const table = new Float32Array(TINTS * TONES * 3)
  for (let tint = 0; tint < TINTS; tint++) {
    const stops = toning.shade.map((stop, i) => blend(stop, toning.lit[i] ?? stop, tint / (TINTS - 1)))
    for (let tone = 0; tone < TONES; tone++) {
      table.set(rgbFromLab(along(stops, tone / (TONES - 1))), (tint * TONES + tone) * 3)
    }
  }
  return table
}

function blend(from: Lab, to: Lab, share: number): Lab {
  return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share, from[2] + (to[2] - from[2]) * share]
}

/** Straight lines in OKLab from stop to stop. */
function along(stops: readonly Lab[], tone: number): Lab {
  const place = tone * (stops.length - 1)
  const from = Math.min(stops.length - 2, Math.floor(place))
  const a = stops[from]
  const b = stops[from + 1]
  if (!a || !b) throw new RangeError('a bath needs two tones')
  return blend(a, b, place - from)
}
