import type { Chromaticities, Vector } from './chromaticities.ts'
import type { Transfer } from './icc-profile.ts'

/** An RGB space: how it is defined, and its linear values in those of sRGB, as published (Lindbloom, CSS Color 4). */
export interface RgbSpace {
  chromaticities: Chromaticities
  transfer: Transfer
  toSrgb: readonly [Vector, Vector, Vector]
}

const D65 = [0.3127, 0.329] as const
const IDENTITY = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
] as const
/** From XYZ, whose white is D50, to linear sRGB (Lindbloom, adapted by Bradford). */
const D50_TO_SRGB = [
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
]
const SRGB_PRIMARIES = { white: D65, red: [0.64, 0.33], green: [0.3, 0.6], blue: [0.15, 0.06] } as const

export const RGB_SPACES = {
  srgb: { chromaticities: SRGB_PRIMARIES, transfer: 'srgb', toSrgb: IDENTITY },
  linear: { chromaticities: SRGB_PRIMARIES, transfer: { gamma: 1 }, toSrgb: IDENTITY },
  p3: {
    chromaticities: { white: D65, red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06] },
    transfer: 'srgb',
    toSrgb: [
      [1.2249401, -0.2249404, 0],
      [-0.0420569, 1.0420571, 0],
      [-0.0196376, -0.0786361, 1.0982735],
    ],
  },
  adobe: {
    chromaticities: { ...SRGB_PRIMARIES, green: [0.21, 0.71] },
    transfer: { gamma: 2.2 },
    toSrgb: [
      [1.39836, -0.39836, 0],
      [0, 1, 0],
      [0, -0.04293, 1.04293],
    ],
  },
  prophoto: {
    chromaticities: {
      white: [0.3457, 0.3585],
      red: [0.734699, 0.265301],
      green: [0.159597, 0.840403],
      blue: [0.036598, 0.000105],
    },
    transfer: { gamma: 1.8 },
    toSrgb: [
      [2.03438, -0.72763, -0.30675],
      [-0.22883, 1.23175, -0.00292],
      [-0.00856, -0.15327, 1.16182],
    ],
  },
  rec2020: {
    chromaticities: { white: D65, red: [0.708, 0.292], green: [0.17, 0.797], blue: [0.131, 0.046] },
    transfer: 'srgb',
    toSrgb: [
      [1.6605, -0.5876, -0.0728],
      [-0.1246, 1.1329, -0.0083],
      [-0.0182, -0.1006, 1.1187],
    ],
  },
} satisfies Record<string, RgbSpace>

/** Converts a colour, of values from 0 to 1, to sRGB from 0 to 255, by arithmetic alone. */
export function convertToSrgb(colour: Vector, { transfer, toSrgb }: RgbSpace): number[] {
  const linear = colour.map(value => decode(value, transfer))
  return toSrgb.map(row => encodeSrgb(row.reduce((sum, factor, index) => sum + factor * (linear[index] ?? 0), 0)))
}

/** Converts a grey value from 0 to 1 to sRGB from 0 to 255. */
export function convertGrey(value: number, transfer: Transfer): number {
  return encodeSrgb(decode(value, transfer))
}

/** Converts a colour from Lab, whose white is D50, to sRGB from 0 to 255. */
export function convertLab([lightness, a, b]: readonly [number, number, number]): number[] {
  const middle = (lightness + 16) / 116
  const [x, y, z] = [middle + a / 500, middle, middle - b / 200].map(value =>
    value > 6 / 29 ? value ** 3 : (value - 4 / 29) * 3 * (6 / 29) ** 2,
  )
  const xyz = [0.9642 * (x ?? 0), y ?? 0, 0.8249 * (z ?? 0)]
  return D50_TO_SRGB.map(row => encodeSrgb(row.reduce((sum, factor, index) => sum + factor * (xyz[index] ?? 0), 0)))
}

function decode(value: number, transfer: Transfer): number {
  if (transfer !== 'srgb') return value ** transfer.gamma
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}

function encodeSrgb(linear: number): number {
  const value = Math.min(1, Math.max(0, linear))
  return Math.round(255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055))
}
