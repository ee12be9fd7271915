import type { ToneCurve } from '../landscape/daylight.ts'
import { blur, downsample, type Grid, sampleBilinear } from './grid.ts'
import type { Raster } from './raster.ts'

/** Low-frequency tone and tint of a reference. */
export interface ToneGuide {
  tone: Grid
  tint: Grid
}

const HISTOGRAM_BINS = 1024
/** Bins per unit of tone: tones exceed 1 a little before the tone curve is applied. */
const BINS_PER_TONE = 800
/** Cells of the local mean along the longer side, and the blur radius in cells. */
const GRID_CELLS = 96
const BLUR_RADIUS = 3

/** Share by which local mean tone and tint are moved towards those of the guide. */
const TONE_GUIDE_WEIGHT = 0.6
const TINT_GUIDE_WEIGHT = 0.8
/** Strength of the halation: bright areas bleed into dark ones, as in a film emulsion. */
const HALATION_STRENGTH = 0.22

/** Maps the tones of a raster: applies the tone curve, then halation, then the guide of a reference. */
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

/** Lowest median tone: gamma is lowered for darker images, in which nothing could be recognized. */
const MIN_MEDIAN = 0.2

/** Stretches the tones between low and high quantiles (auto-exposure) to the black and white point, with gamma. */
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

/** Computes quantiles of the tones from a histogram of every seventh pixel. */
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
