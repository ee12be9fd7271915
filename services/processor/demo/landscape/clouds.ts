import { type Noise, smoothstep } from '../raster/noise.ts'
import type { Composition } from '../scene-description.ts'
import type { Sky } from './sky.ts'

/** The tone at a point of the sky, `up` above the horizon, given that of what is behind the clouds. */
export type Clouding = (x: number, y: number, up: number, behind: number) => number

/** Clouds lie on a ceiling that runs to the horizon, and are lighter on the side towards the sun. */
export function cloudingOf({ clouds, sun, daylight }: Composition, sky: Sky, noise: Noise): Clouding {
  if (!clouds) return (_x, _y, _up, behind) => behind
  const { scale, stretch, rise, cover, soft, opacity, billow, lift } = clouds
  const contrast = clouds.relief * (0.4 + 0.6 * daylight.horizon)
  return (x, y, up, behind) => {
    const far = scale / (up + rise)
    const u = x * far + 0.3 * noise(x * far * 0.7 + 31, far * stretch * 0.7)
    const v = far * stretch + 0.3 * noise(x * far * 0.7, far * stretch * 0.7 + 57)
    const here = billows(noise, u, v, 6, billow)
    const dense = smoothstep(cover, cover + soft, here + 0.2) * opacity * smoothstep(0, 0.12, up)
    if (dense <= 0) return behind
    const towards = Math.max(-0.22, Math.min(0.22, (sun.y - y) * 1.5))
    const there = billows(noise, u + (sun.x - x) * 0.3, v + towards, 3, billow)
    const relief = Math.max(-1, Math.min(1, (here - there) * 1.1)) * contrast
    const body = behind * (1 + lift * 1.4) + relief + sky.glow(x, y) * daylight.glow * 0.3
    return behind + (body - behind) * dense
  }
}

/** Wisps where `billow` is 0, heaped and rounded where it is 1. */
function billows(noise: Noise, x: number, y: number, octaves: number, billow: number): number {
  let sum = 0
  let weight = 1
  for (let octave = 0; octave < octaves; octave++) {
    const n = noise(x, y)
    sum += weight * (n + (0.36 - 1.2 * Math.abs(n) - n) * billow)
    weight *= 0.5
    const turned = 1.6 * x - 1.2 * y + 17.3
    y = 1.2 * x + 1.6 * y - 9.1
    x = turned
  }
  return sum
}
