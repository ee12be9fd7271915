import type { Generation } from '@darkroom/contracts/generation'
import { thumbHashToAverageRGBA } from 'thumbhash'
import { decodeBase64 } from '../../ui/base64.ts'

/** Less chroma than this has no hue to speak of. */
const MIN_CHROMA = 0.02

/**
 * Returns the hue of an output that is being made, in degrees of OKLCH: that of a finished sibling, another for each output; undefined
 * if there is none with a colour.
 */
export function pendingHue({ outputs }: Pick<Generation, 'outputs'>, index: number): number | undefined {
  const hues = outputs.map(({ placeholder }) => (placeholder === null ? undefined : averageHue(placeholder)))
  const known = hues.filter(hue => hue !== undefined)
  return known[index % Math.max(1, known.length)]
}

function averageHue(hash: string): number | undefined {
  try {
    const { r, g, b } = thumbHashToAverageRGBA(decodeBase64(hash))
    return hueOf(toLinear(r), toLinear(g), toLinear(b))
  } catch {
    return undefined
  }
}

/** @see https://bottosson.github.io/posts/oklab/ */
function hueOf(red: number, green: number, blue: number): number | undefined {
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
  const medium = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
  const a = 1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short
  const b = 0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short
  if (Math.hypot(a, b) < MIN_CHROMA) return undefined
  return Math.round(((Math.atan2(b, a) * 180) / Math.PI + 360) % 360)
}

function toLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}
