import { blurred, type Grid } from '../raster/grid.ts'
import type { Guide } from '../raster/tone-mapping.ts'
import type { Layout } from '../scene-description.ts'
import { type Lab, labFromRgb } from './oklab.ts'
import type { Toning } from './palettes.ts'

/** A reference is studied as a small square, stretched to its frame: this many points a side. */
export const STUDY_SIDE = 64
const POINTS = STUDY_SIDE * STUDY_SIDE

/** How far its light is spread, in points: farther across, as light lies in a landscape, so that no shape of it is left. */
const SPREAD = [11, 4] as const

export interface Study {
  toning: Toning
  layout: Layout
  guide: Guide
}

/**
 * Learns from references what to print with: the colours of all of them, the light of one.
 *
 * @param pixels each reference as `STUDY_SIDE` squared points of red, green and blue
 * @param index which one the light is taken from, counted round
 */
export function study(pixels: readonly Uint8Array[], index: number): Study | null {
  const chosen = pixels[index % pixels.length]
  if (!chosen) return null
  const hues = twoHues(pixels.flatMap(labsOf))
  const labs = labsOf(chosen)
  const tones = labs.map(([lightness]) => toneOf(lightness))
  const clear = blurred(gridOf(tones), 2, 2)
  const lit = gridOf(labs.map(lab => (nearer(lab, hues.shade.mean, hues.lit.mean) ? 0 : 1)))
  return {
    toning: { shade: bathOf(hues.shade), lit: bathOf(hues.lit) },
    guide: { tone: blurred(clear, ...SPREAD), tint: blurred(lit, ...SPREAD) },
    layout: { horizon: horizonOf(clear), light: lightestOf(clear), exposure: exposureOf(tones) },
  }
}

interface Hue {
  mean: Lab
  members: Lab[]
}

/** The two colours that most of the picture's colour lies about: k-means over hue and chroma, greys hardly counting. */
function twoHues(labs: Lab[]): { shade: Hue; lit: Hue } {
  const mean = meanOf(labs)
  let first = farthest(labs, mean)
  let second = farthest(labs, first)
  let split = { a: labs, b: labs }
  for (let round = 0; round < 12; round++) {
    split = { a: labs.filter(lab => nearer(lab, first, second)), b: labs.filter(lab => !nearer(lab, first, second)) }
    first = meanOf(split.a.length ? split.a : labs)
    second = meanOf(split.b.length ? split.b : labs)
  }
  const one = { mean: first, members: split.a.length ? split.a : labs }
  const other = { mean: second, members: split.b.length ? split.b : labs }
  return first[0] <= second[0] ? { shade: one, lit: other } : { shade: other, lit: one }
}

const LIGHTNESSES = [0.14, 0.36, 0.61, 0.85, 0.965]
const WIDTH = 0.14
/** Deep shadow and bare paper hold little colour. */
const PURITY = [0.75, 1, 1, 0.85, 0.4]
const MOST_CHROMA = 0.105

/** At each lightness, the colour that this hue has about there; the hue's mean where it has none. */
function bathOf({ mean, members }: Hue): Lab[] {
  return LIGHTNESSES.map((lightness, i) => {
    let [weights, a, b] = [0.02 * members.length, 0.02 * members.length * mean[1], 0.02 * members.length * mean[2]]
    for (const member of members) {
      const weight = chromaOf(member) * 12 * Math.exp(-(((member[0] - lightness) / WIDTH) ** 2))
      weights += weight
      a += weight * member[1]
      b += weight * member[2]
    }
    const chroma = Math.hypot(a, b) / weights
    const scale = ((PURITY[i] ?? 1) * Math.min(1, MOST_CHROMA / Math.max(1e-6, chroma))) / weights
    return [lightness, a * scale, b * scale]
  })
}

/** The row where light changes most from above to below, if it changes along most of it. */
function horizonOf({ columns, rows, values }: Grid): number | null {
  const changes = Array.from({ length: rows }, (_, row) => {
    if (row < 6 || row > rows - 7) return 0
    let sum = 0
    for (let column = 0; column < columns; column++) {
      sum += (values[(row - 4) * columns + column] ?? 0) - (values[(row + 4) * columns + column] ?? 0)
    }
    return Math.abs(sum) / columns
  })
  const most = Math.max(...changes)
  return most < 0.1 ? null : (changes.indexOf(most) + 0.5) / rows
}

function lightestOf({ columns, rows, values }: Grid): { x: number; y: number } {
  const at = values.indexOf(Math.max(...values))
  return { x: ((at % columns) + 0.5) / columns, y: (Math.floor(at / columns) + 0.5) / rows }
}

function exposureOf(tones: number[]): Layout['exposure'] {
  const sorted = tones.toSorted((a, b) => a - b)
  const black = Math.max(0, sorted[Math.floor(POINTS * 0.02)] ?? 0)
  const white = sorted[Math.floor(POINTS * 0.98)] ?? 1
  return { black: Math.min(black, 0.4), white: Math.max(white, black + 0.55), bend: 1 }
}

function labsOf(pixels: Uint8Array): Lab[] {
  return Array.from({ length: POINTS }, (_, i) =>
    labFromRgb(pixels[i * 3] ?? 0, pixels[i * 3 + 1] ?? 0, pixels[i * 3 + 2] ?? 0),
  )
}

function gridOf(values: number[]): Grid {
  return { columns: STUDY_SIDE, rows: STUDY_SIDE, values: Float32Array.from(values) }
}

/** The inverse, near enough, of the lightnesses above. */
function toneOf(lightness: number): number {
  return Math.min(1, Math.max(0, (lightness - 0.14) / 0.86))
}

function meanOf(labs: readonly Lab[]): Lab {
  let [weights, l, a, b] = [0, 0, 0, 0]
  for (const lab of labs) {
    const weight = chromaOf(lab) + 0.002
    weights += weight
    l += weight * lab[0]
    a += weight * lab[1]
    b += weight * lab[2]
  }
  return [l / weights, a / weights, b / weights]
}

function farthest(labs: readonly Lab[], from: Lab): Lab {
  return labs.reduce((best, lab) => (apart(lab, from) > apart(best, from) ? lab : best), from)
}

function nearer(lab: Lab, one: Lab, other: Lab): boolean {
  return apart(lab, one) <= apart(lab, other)
}

/** In hue and chroma; lightness counts a little, so that greys part by it. */
function apart(one: Lab, other: Lab): number {
  return (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2 + 0.01 * (one[0] - other[0]) ** 2
}

function chromaOf([, a, b]: Lab): number {
  return Math.hypot(a, b)
}
