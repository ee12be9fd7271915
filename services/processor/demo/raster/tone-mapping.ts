import type { ToneCurve } from '../landscape/daylight.ts'
import { blur, downsample, type Grid, sampleBilinear } from './grid.ts'
import type { Raster } from './raster.ts'

/** The broad light of a reference: how light, and how lit, each part of it is. */
export interface ToneGuide {
  tone: Grid
  tint: Grid
}

const HISTOGRAM_BINS = 1024
/** Tones reach a little above 1 before they are exposed. */
const BINS_PER_TONE = 800
/** Cells that the broad light of a picture is told by, along its longer side, and how far each reaches. */
const GRID_CELLS = 96
const BLUR_RADIUS = 3

/** How far a picture's broad light is pulled to its guide's; the rest stays its own. */
const TONE_GUIDE_WEIGHT = 0.6
const TINT_GUIDE_WEIGHT = 0.8
/** How far light spreads in the emulsion: bright places bleed softly into dark ones. */
const HALATION_STRENGTH = 0.22

/** Brings the tones of a plate to where they are wanted, and lets the light spread. */
export function applyToneMapping(raster: Raster, toneCurve: ToneCurve, guide: ToneGuide | null): void {
  applyToneCurve(raster, toneCurve)
  const { width, height, tone, tint } = raster
  const cell = Math.max(width, height) / GRID_CELLS
  const columns = Math.max(2, Math.round(width / cell))
  const rows = Math.max(2, Math.round(height / cell))
  const blurredTone = blur(downsample(tone, width, height, columns, rows), BLUR_RADIUS, BLUR_RADIUS)
  for (let row = 0; row < height; row++) {
    const down = (row + 0.5) / height
    for (let column = 0; column < width; column++) {
      const at = row * width + column
      const across = (column + 0.5) / width
      const localMean = sampleBilinear(blurredTone, across, down)
      let value = tone[at] ?? 0
      if (localMean > value) value += (localMean - value) * HALATION_STRENGTH * localMean
      if (guide) {
        value += TONE_GUIDE_WEIGHT * (sampleBilinear(guide.tone, across, down) - localMean)
        tint[at] =
          (tint[at] ?? 0) * (1 - TINT_GUIDE_WEIGHT) + TINT_GUIDE_WEIGHT * sampleBilinear(guide.tint, across, down)
      }
      tone[at] = value
    }
  }
}

/** Half of a picture is never darker than this, or there is nothing to see in it. */
const MIN_MEDIAN = 0.2

function applyToneCurve({ tone }: Raster, { blackPoint, whitePoint, gamma }: ToneCurve): void {
  const [low, middle, high] = computeQuantiles(tone, [0.01, 0.5, 0.995])
  const range = Math.max(0.25, high - low)
  const requiredGamma = Math.log(MIN_MEDIAN) / Math.log(Math.min(0.9, Math.max(0.02, (middle - low) / range)))
  const appliedGamma = Math.min(gamma, Math.max(0.5, requiredGamma))
  for (let i = 0; i < tone.length; i++) {
    const share = Math.max(0, ((tone[i] ?? 0) - low) / range)
    tone[i] = blackPoint + (whitePoint - blackPoint) * (appliedGamma === 1 ? share : share ** appliedGamma)
  }
}

/** The tones that these shares of all points are below. */
function computeQuantiles(tone: Float32Array, [a, b, c]: [number, number, number]): [number, number, number] {
  const bins = new Uint32Array(HISTOGRAM_BINS)
  for (let i = 0; i < tone.length; i += 7) {
    const bin = Math.min(HISTOGRAM_BINS - 1, Math.max(0, Math.round((tone[i] ?? 0) * BINS_PER_TONE)))
    bins[bin] = (bins[bin] ?? 0) + 1
  }
  const total = Math.ceil(tone.length / 7)
  const below = (share: number) => {
    let bin = 0
    for (let sum = bins[0] ?? 0; sum < total * share && bin < HISTOGRAM_BINS - 1; sum += bins[bin] ?? 0) bin++
    return bin / BINS_PER_TONE
  }
  return [below(a), below(b), below(c)]
}
