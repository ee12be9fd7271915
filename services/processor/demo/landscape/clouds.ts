import { type Noise, smoothstep } from '../raster/noise.ts'
import type { SceneDescription } from '../scene-description.ts'
import type { SkyModel } from './sky-model.ts'

/** Returns the tone of the sky at a point, `up` above the horizon, given the tone `behind` the clouds. */
export type CloudShader = (x: number, y: number, up: number, behind: number) => number

/**
 * Creates the shader of a cloud layer: fractal noise on a horizontal plane, projected in perspective towards the horizon.
 * Relief comes from the difference in density towards the sun, as in bump mapping.
 */
export function createCloudShader(
  { clouds, sun, daylight }: SceneDescription,
  sky: SkyModel,
  noise: Noise,
): CloudShader {
  if (!clouds) return (_x, _y, _up, behind) => behind
  const { scale, stretch, horizonOffset, threshold, softness, opacity, billow, brightness } = clouds
  const contrast = clouds.relief * (0.4 + 0.6 * daylight.horizon)
  return (x, y, up, behind) => {
    // Perspective of the cloud plane; the domain is warped by noise against visible lattice lines.
    const distanceScale = scale / (up + horizonOffset)
    const u = x * distanceScale + 0.3 * noise(x * distanceScale * 0.7 + 31, distanceScale * stretch * 0.7)
    const v = distanceScale * stretch + 0.3 * noise(x * distanceScale * 0.7, distanceScale * stretch * 0.7 + 57)
    const density = billowNoise(noise, u, v, 6, billow)
    const coverage = smoothstep(threshold, threshold + softness, density + 0.2) * opacity * smoothstep(0, 0.12, up)
    if (coverage <= 0) return behind
    const towards = Math.max(-0.22, Math.min(0.22, (sun.y - y) * 1.5))
    const densityTowardSun = billowNoise(noise, u + (sun.x - x) * 0.3, v + towards, 3, billow)
    const relief = Math.max(-1, Math.min(1, (density - densityTowardSun) * 1.1)) * contrast
    const body = behind * (1 + brightness * 1.4) + relief + sky.glow(x, y) * daylight.glow * 0.3
    return behind + (body - behind) * coverage
  }
}

/** Returns fractal noise: plain octaves (wisps) for a `billow` of 0, folded octaves (rounded heaps) for 1. */
function billowNoise(noise: Noise, x: number, y: number, octaves: number, billow: number): number {
  let sum = 0
  let weight = 1
  for (let octave = 0; octave < octaves; octave++) {
    const n = noise(x, y)
    sum += weight * (n + (0.36 - 1.2 * Math.abs(n) - n) * billow)
    weight *= 0.5
    const rotatedX = 1.6 * x - 1.2 * y + 17.3
    y = 1.2 * x + 1.6 * y - 9.1
    x = rotatedX
  }
  return sum
}
