import { blur, type Grid } from '../raster/grid.ts'
import type { ToneGuide } from '../raster/tone-mapping.ts'
import type { Layout } from '../scene-description.ts'
import { REFERENCE_SIDE } from '../worker-protocol.ts'
import { type Lab, labFromRgb } from './oklab.ts'
import type { Palette } from './palettes.ts'

const PIXEL_COUNT = REFERENCE_SIDE * REFERENCE_SIDE

/** Blur radii of the tone guide, in pixels. Wider across, as light varies in a landscape; no shapes of the reference remain. */
const BLUR_RADII = [11, 4] as const

/** The properties of references that an image takes over. */
export interface ReferenceAnalysis {
  palette: Palette
  layout: Layout
  guide: ToneGuide
}

/**
 * Extracts a palette from all references, and layout and tone guide from one of them; null without references.
 *
 * @param pixels each reference as RGB of `REFERENCE_SIDE` × `REFERENCE_SIDE` pixels
 * @param index of the image; the images of a generation use the references for layout in turn
 */
export function analyzeReferences(pixels: readonly Uint8Array[], index: number): ReferenceAnalysis | null {
  const chosen = pixels[index % pixels.length]
  if (!chosen) return null
  const clusters = clusterColors(pixels.flatMap(toLabs))
  const labs = toLabs(chosen)
  const tones = labs.map(([lightness]) => toTone(lightness))
  const blurred = blur(createGrid(tones), 2, 2)
  const lit = createGrid(labs.map(lab => (isNearer(lab, clusters.shade.mean, clusters.lit.mean) ? 0 : 1)))
  return {
    palette: { shade: createStops(clusters.shade), lit: createStops(clusters.lit) },
    guide: { tone: blur(blurred, ...BLUR_RADII), tint: blur(lit, ...BLUR_RADII) },
    layout: {
      horizon: detectHorizon(blurred),
      brightestPoint: findBrightestPoint(blurred),
      toneCurve: computeToneCurve(tones),
    },
  }
}

interface ColorCluster {
  mean: Lab
  members: Lab[]
}

/**
 * Finds the two dominant colors with k-means over hue and chroma, in which greys have little weight. The darker one becomes
 * the shade.
 */
function clusterColors(labs: Lab[]): { shade: ColorCluster; lit: ColorCluster } {
  const mean = computeMean(labs)
  let first = findFarthest(labs, mean)
  let second = findFarthest(labs, first)
  let split = { a: labs, b: labs }
  for (let iteration = 0; iteration < 12; iteration++) {
    split = {
      a: labs.filter(lab => isNearer(lab, first, second)),
      b: labs.filter(lab => !isNearer(lab, first, second)),
    }
    first = computeMean(split.a.length ? split.a : labs)
    second = computeMean(split.b.length ? split.b : labs)
  }
  const firstCluster = { mean: first, members: split.a.length ? split.a : labs }
  const secondCluster = { mean: second, members: split.b.length ? split.b : labs }
  return first[0] <= second[0]
    ? { shade: firstCluster, lit: secondCluster }
    : { shade: secondCluster, lit: firstCluster }
}

const STOP_LIGHTNESSES = [0.14, 0.36, 0.61, 0.85, 0.965]
const STOP_WIDTH = 0.14
/** The darkest and the lightest stops have less chroma. */
const STOP_CHROMA_SCALE = [0.75, 1, 1, 0.85, 0.4]
const MAX_CHROMA = 0.105

/**
 * Creates the stops of a gradient. Each has the weighted mean color of the members near its lightness, or the cluster's mean
 * where there are none.
 */
function createStops({ mean, members }: ColorCluster): Lab[] {
  return STOP_LIGHTNESSES.map((lightness, i) => {
    let [weights, a, b] = [0.02 * members.length, 0.02 * members.length * mean[1], 0.02 * members.length * mean[2]]
    for (const member of members) {
      const weight = computeChroma(member) * 12 * Math.exp(-(((member[0] - lightness) / STOP_WIDTH) ** 2))
      weights += weight
      a += weight * member[1]
      b += weight * member[2]
    }
    const chroma = Math.hypot(a, b) / weights
    const scale = ((STOP_CHROMA_SCALE[i] ?? 1) * Math.min(1, MAX_CHROMA / Math.max(1e-6, chroma))) / weights
    return [lightness, a * scale, b * scale]
  })
}

/**
 * Returns the row with the largest difference in mean tone between above and below, as a share of the height; null if the
 * difference is small.
 */
function detectHorizon({ columns, rows, values }: Grid): number | null {
  const changes = Array.from({ length: rows }, (_, row) => {
    if (row < 6 || row > rows - 7) return 0
    let sum = 0
    for (let column = 0; column < columns; column++) {
      sum += (values[(row - 4) * columns + column] ?? 0) - (values[(row + 4) * columns + column] ?? 0)
    }
    return Math.abs(sum) / columns
  })
  const largest = Math.max(...changes)
  return largest < 0.1 ? null : (changes.indexOf(largest) + 0.5) / rows
}

function findBrightestPoint({ columns, rows, values }: Grid): { x: number; y: number } {
  const at = values.indexOf(Math.max(...values))
  return { x: ((at % columns) + 0.5) / columns, y: (Math.floor(at / columns) + 0.5) / rows }
}

function computeToneCurve(tones: number[]): Layout['toneCurve'] {
  const sorted = tones.toSorted((a, b) => a - b)
  const black = Math.max(0, sorted[Math.floor(PIXEL_COUNT * 0.02)] ?? 0)
  const white = sorted[Math.floor(PIXEL_COUNT * 0.98)] ?? 1
  return { blackPoint: Math.min(black, 0.4), whitePoint: Math.max(white, black + 0.55), gamma: 1 }
}

function toLabs(pixels: Uint8Array): Lab[] {
  return Array.from({ length: PIXEL_COUNT }, (_, i) =>
    labFromRgb(pixels[i * 3] ?? 0, pixels[i * 3 + 1] ?? 0, pixels[i * 3 + 2] ?? 0),
  )
}

function createGrid(values: number[]): Grid {
  return { columns: REFERENCE_SIDE, rows: REFERENCE_SIDE, values: Float32Array.from(values) }
}

/** Converts lightness to tone: the approximate inverse of `STOP_LIGHTNESSES`. */
function toTone(lightness: number): number {
  return Math.min(1, Math.max(0, (lightness - 0.14) / 0.86))
}

function computeMean(labs: readonly Lab[]): Lab {
  let [weights, l, a, b] = [0, 0, 0, 0]
  for (const lab of labs) {
    const weight = computeChroma(lab) + 0.002
    weights += weight
    l += weight * lab[0]
    a += weight * lab[1]
    b += weight * lab[2]
  }
  return [l / weights, a / weights, b / weights]
}

function findFarthest(labs: readonly Lab[], from: Lab): Lab {
  return labs.reduce((best, lab) => (computeDistance(lab, from) > computeDistance(best, from) ? lab : best), from)
}

function isNearer(lab: Lab, one: Lab, other: Lab): boolean {
  return computeDistance(lab, one) <= computeDistance(lab, other)
}

/** Computes the squared distance in hue and chroma. Lightness has a small weight, which separates greys. */
function computeDistance(one: Lab, other: Lab): number {
  return (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2 + 0.01 * (one[0] - other[0]) ** 2
}

function computeChroma([, a, b]: Lab): number {
  return Math.hypot(a, b)
}
