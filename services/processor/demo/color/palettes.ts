import { type Lab, type Lch, labFromLch, lchFromLab } from './oklab.ts'

/**
 * A palette for tone mapping: two gradients of evenly spaced color stops from the darkest to the lightest tone, one for shade and
 * one for lit areas. The hues of a palette stay within one arc, as in a toned photographic print, after which most are named.
 */
export interface Palette {
  shade: readonly Lab[]
  lit: readonly Lab[]
}

export const PALETTES = {
  cyanotype: createPalette(
    [
      [0.15, 0.045, 258],
      [0.35, 0.085, 252],
      [0.61, 0.07, 240],
      [0.85, 0.03, 222],
      [0.965, 0.012, 200],
    ],
    -28,
    0.9,
  ),
  ultramarine: createPalette(
    [
      [0.12, 0.045, 278],
      [0.28, 0.08, 272],
      [0.5, 0.075, 262],
      [0.76, 0.045, 246],
      [0.95, 0.02, 225],
    ],
    24,
    0.8,
  ),
  seaglass: createPalette(
    [
      [0.17, 0.035, 222],
      [0.42, 0.055, 212],
      [0.66, 0.05, 202],
      [0.87, 0.032, 190],
      [0.97, 0.014, 165],
    ],
    -30,
    0.9,
  ),
  verdigris: createPalette(
    [
      [0.15, 0.025, 205],
      [0.37, 0.045, 192],
      [0.61, 0.05, 176],
      [0.84, 0.035, 150],
      [0.96, 0.02, 118],
    ],
    -34,
    1,
  ),
  moss: createPalette(
    [
      [0.14, 0.022, 150],
      [0.35, 0.04, 142],
      [0.59, 0.05, 126],
      [0.82, 0.045, 110],
      [0.96, 0.025, 98],
    ],
    -22,
    1.1,
  ),
  slate: createPalette(
    [
      [0.13, 0.014, 250],
      [0.34, 0.022, 242],
      [0.58, 0.022, 228],
      [0.81, 0.015, 212],
      [0.955, 0.008, 180],
    ],
    10,
    1,
  ),
  selenium: createPalette(
    [
      [0.13, 0.014, 335],
      [0.36, 0.018, 350],
      [0.6, 0.016, 20],
      [0.84, 0.013, 58],
      [0.97, 0.009, 85],
    ],
    12,
    1.3,
  ),
  bistre: createPalette(
    [
      [0.14, 0.02, 48],
      [0.36, 0.042, 56],
      [0.61, 0.055, 70],
      [0.85, 0.04, 82],
      [0.965, 0.018, 90],
    ],
    8,
    1.2,
  ),
  gold: createPalette(
    [
      [0.18, 0.032, 58],
      [0.43, 0.065, 66],
      [0.68, 0.085, 78],
      [0.88, 0.068, 90],
      [0.975, 0.03, 98],
    ],
    -14,
    1.15,
  ),
  ember: createPalette(
    [
      [0.13, 0.035, 18],
      [0.33, 0.09, 30],
      [0.57, 0.125, 42],
      [0.8, 0.105, 64],
      [0.955, 0.05, 84],
    ],
    14,
    1.15,
  ),
  terracotta: createPalette(
    [
      [0.17, 0.03, 30],
      [0.41, 0.075, 36],
      [0.64, 0.08, 48],
      [0.85, 0.05, 62],
      [0.965, 0.02, 76],
    ],
    12,
    1.2,
  ),
  rose: createPalette(
    [
      [0.16, 0.032, 328],
      [0.36, 0.062, 348],
      [0.62, 0.08, 14],
      [0.84, 0.055, 34],
      [0.96, 0.026, 58],
    ],
    20,
    1.2,
  ),
  plum: createPalette(
    [
      [0.14, 0.042, 305],
      [0.33, 0.07, 322],
      [0.57, 0.075, 344],
      [0.81, 0.052, 10],
      [0.96, 0.024, 42],
    ],
    22,
    1.15,
  ),
  lavender: createPalette(
    [
      [0.19, 0.026, 283],
      [0.43, 0.042, 286],
      [0.68, 0.04, 296],
      [0.88, 0.022, 314],
      [0.975, 0.01, 345],
    ],
    30,
    1.1,
  ),
} satisfies Record<string, Palette>
export type PaletteName = keyof typeof PALETTES

/** Rotates the hues of a palette by degrees. */
export function rotateHue({ shade, lit }: Palette, degrees: number): Palette {
  const rotate = (stop: Lab) => {
    const [lightness, chroma, hue] = lchFromLab(stop)
    return labFromLch([lightness, chroma, hue + degrees])
  }
  return { shade: shade.map(rotate), lit: lit.map(rotate) }
}

/** Creates a palette from the stops of its shade; the lit gradient shifts their hue (in degrees) and multiplies their chroma. */
function createPalette(stops: readonly Lch[], hueShift: number, chromaFactor: number): Palette {
  return {
    shade: stops.map(labFromLch),
    lit: stops.map(([lightness, shadeChroma, hue]) =>
      labFromLch([lightness, shadeChroma * chromaFactor, hue + hueShift]),
    ),
  }
}
