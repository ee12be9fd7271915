/** A color in OKLab: lightness 0 to 1, then the axes green to red and blue to yellow. */
export type Lab = readonly [lightness: number, a: number, b: number]

/** A color in OKLCH, the polar form of OKLab; the hue in degrees. */
export type Lch = readonly [lightness: number, chroma: number, hue: number]

/** @see https://bottosson.github.io/posts/oklab/ by Björn Ottosson, the source of the matrices in this file */
export function labFromLch([lightness, chroma, hue]: Lch): Lab {
  const angle = (hue * Math.PI) / 180
  return [lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)]
}

export function lchFromLab([lightness, a, b]: Lab): Lch {
  const hue = (Math.atan2(b, a) * 180) / Math.PI
  return [lightness, Math.hypot(a, b), (hue + 360) % 360]
}

/** Converts to sRGB, 0 to 255, not rounded. Colors outside the gamut are clipped. */
export function rgbFromLab([lightness, a, b]: Lab): [number, number, number] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    encodeSrgb(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encodeSrgb(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encodeSrgb(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}

/** @param red, green, blue sRGB, 0 to 255 */
export function labFromRgb(red: number, green: number, blue: number): Lab {
  const [r, g, b] = [decodeSrgb(red), decodeSrgb(green), decodeSrgb(blue)]
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
}

function encodeSrgb(linear: number): number {
  const light = Math.min(1, Math.max(0, linear))
  return 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055)
}

function decodeSrgb(byte: number): number {
  const value = byte / 255
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}
