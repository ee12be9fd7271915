import type { Exposure } from '../landscape/daylight.ts'
import { blurred, type Grid, sampled, shrunk } from './grid.ts'
import type { Plate } from './raster.ts'

/** The broad light of a reference: how light, and how lit, each part of it is. */
export interface Guide {
  tone: Grid
  tint: Grid
}

const BINS = 1024
/** Tones reach a little above 1 before they are exposed. */
const PER_TONE = 800
/** Cells that the broad light of a picture is told by, along its longer side, and how far each reaches. */
const CELLS = 96
const REACH = 3

/** How far a picture's broad light is pulled to its guide's; the rest stays its own. */
const PULL = 0.6
const TINT_PULL = 0.8
/** How far light spreads in the emulsion: bright places bleed softly into dark ones. */
const HALATION = 0.22

/** Brings the tones of a plate to where they are wanted, and lets the light spread. */
export function develop(plate: Plate, exposure: Exposure, guide: Guide | null): void {
  expose(plate, exposure)
  const { width, height, tone, tint } = plate
  const cell = Math.max(width, height) / CELLS
  const columns = Math.max(2, Math.round(width / cell))
  const rows = Math.max(2, Math.round(height / cell))
  const broad = blurred(shrunk(tone, width, height, columns, rows), REACH, REACH)
  for (let row = 0; row < height; row++) {
    const down = (row + 0.5) / height
    for (let column = 0; column < width; column++) {
      const at = row * width + column
      const across = (column + 0.5) / width
      const about = sampled(broad, across, down)
      let here = tone[at] ?? 0
      if (about > here) here += (about - here) * HALATION * about
      if (guide) {
        here += PULL * (sampled(guide.tone, across, down) - about)
        tint[at] = (tint[at] ?? 0) * (1 - TINT_PULL) + TINT_PULL * sampled(guide.tint, across, down)
      }
      tone[at] = here
    }
  }
}

/** Half of a picture is never darker than this, or there is nothing to see in it. */
const LEAST_MIDDLE = 0.2

function expose({ tone }: Plate, { black, white, bend }: Exposure): void {
  const [low, middle, high] = quantilesOf(tone, [0.01, 0.5, 0.995])
  const range = Math.max(0.25, high - low)
  const needed = Math.log(LEAST_MIDDLE) / Math.log(Math.min(0.9, Math.max(0.02, (middle - low) / range)))
  const bent = Math.min(bend, Math.max(0.5, needed))
  for (let i = 0; i < tone.length; i++) {
    const share = Math.max(0, ((tone[i] ?? 0) - low) / range)
    tone[i] = black + (white - black) * (bent === 1 ? share : share ** bent)
  }
}

/** The tones that these shares of all points are below. */
function quantilesOf(tone: Float32Array, [a, b, c]: [number, number, number]): [number, number, number] {
  const bins = new Uint32Array(BINS)
  for (let i = 0; i < tone.length; i += 7) {
    const bin = Math.min(BINS - 1, Math.max(0, Math.round((tone[i] ?? 0) * PER_TONE)))
    bins[bin] = (bins[bin] ?? 0) + 1
  }
  const total = Math.ceil(tone.length / 7)
  const below = (share: number) => {
    let bin = 0
    for (let sum = bins[0] ?? 0; sum < total * share && bin < BINS - 1; sum += bins[bin] ?? 0) bin++
    return bin / PER_TONE
  }
  return [below(a), below(b), below(c)]
}
