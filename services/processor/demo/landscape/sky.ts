import { noiseFrom, smoothstep } from '../raster/noise.ts'
import { mix } from '../raster/random.ts'
import type { Plate, Told } from '../raster/raster.ts'
import type { Composition } from '../scene-description.ts'
import { cloudingOf } from './clouds.ts'

/** The light that comes from each point of the picture, were no land there. */
export interface Sky {
  /** Tone without clouds and stars; it is also the tone of the air, and what far land fades into. */
  clear(x: number, y: number): number
  /** How near the sun is, 0 to 1. */
  glow(x: number, y: number): number
}

export function skyOf({ sun, horizon, daylight }: Composition): Sky {
  const glow = (x: number, y: number) => {
    const across = x - sun.x
    const down = (y - sun.y) * 1.25
    const square = (across * across + down * down) / (sun.wide * sun.wide)
    return 0.72 * Math.exp(-square) + 0.28 * Math.exp(-3 * Math.sqrt(square))
  }
  const clear = (x: number, y: number) => {
    const up = Math.max(0, horizon - y)
    const base = daylight.zenith + (daylight.horizon - daylight.zenith) * Math.exp(-up * daylight.fall)
    return base + glow(x, y) * daylight.glow * (1 - 0.5 * base)
  }
  return { clear, glow }
}

/** Fills what the land has left free. */
export function drawSky(plate: Plate, c: Composition, sky: Sky, told: Told): void {
  const { width, height, side } = plate
  const toneAt = toneOf(c, sky)
  for (let row = 0; row < height; row++) {
    const y = (row + 0.5 - height / 2) / side
    for (let column = 0; column < width; column++) {
      const at = row * width + column
      const free = 1 - (plate.cover[at] ?? 0)
      if (free < 0.001) continue
      const x = (column + 0.5 - width / 2) / side
      plate.tone[at] = (plate.tone[at] ?? 0) + free * toneAt(x, y)
      plate.tint[at] = (plate.tint[at] ?? 0) + free * sky.glow(x, y)
    }
    told(row / height)
  }
}

/** Sun and stars, then clouds before them, then rain below the clouds. */
function toneOf(c: Composition, sky: Sky): (x: number, y: number) => number {
  const noise = noiseFrom(c.seed)
  const clouding = cloudingOf(c, sky, noise)
  return (x, y) => {
    const up = Math.max(0, c.horizon - y)
    const lights = starAt(x, y, c) * smoothstep(0, 0.3, up) + discAt(x, y, c) * smoothstep(-0.02, 0.12, up)
    const clouded = clouding(x, y, up, sky.clear(x, y) + lights)
    if (!c.rain) return clouded
    const curtain = smoothstep(-0.3, 0.7, noise(x * 4 - y * 1.6 + 90, y * 0.5)) * smoothstep(0.5, 0.05, up)
    return clouded * (1 - 0.3 * c.rain * curtain)
  }
}

const STAR_CELL = 0.011

/** At most one star a cell, most of them too faint to see. */
function starAt(x: number, y: number, { daylight, seed }: Composition): number {
  if (!daylight.stars) return 0
  const column = Math.floor(x / STAR_CELL)
  const row = Math.floor(y / STAR_CELL)
  const bits = mix(Math.imul(column, 0x27d4eb2f) ^ Math.imul(row, 0x165667b1) ^ seed)
  const bright = ((bits >>> 16) & 0xff) / 255
  const across = x - (column + 0.2 + (0.6 * (bits & 0xff)) / 255) * STAR_CELL
  const down = y - (row + 0.2 + (0.6 * ((bits >>> 8) & 0xff)) / 255) * STAR_CELL
  const size = 0.0007 + 0.0006 * bright
  return daylight.stars * bright ** 14 * Math.exp(-(across * across + down * down) / (size * size))
}

function discAt(x: number, y: number, { sun }: Composition): number {
  if (!sun.disc) return 0
  return 0.22 * (1 - smoothstep(sun.disc * 0.75, sun.disc * 1.2, Math.hypot(x - sun.x, y - sun.y)))
}
