import { createNoise, smoothstep } from '../raster/noise.ts'
import { hash32 } from '../raster/random.ts'
import type { ProgressCallback, Raster } from '../raster/raster.ts'
import type { SceneDescription } from '../scene-description.ts'
import { createCloudShader } from './clouds.ts'

/** The light that comes from each point of the picture, were no land there. */
export interface SkyModel {
  /** Tone without clouds and stars; it is also the tone of the air, and what far land fades into. */
  clearTone(x: number, y: number): number
  /** How near the sun is, 0 to 1. */
  glow(x: number, y: number): number
}

export function createSkyModel({ sun, horizon, daylight }: SceneDescription): SkyModel {
  const glow = (x: number, y: number) => {
    const across = x - sun.x
    const down = (y - sun.y) * 1.25
    const square = (across * across + down * down) / (sun.glowRadius * sun.glowRadius)
    return 0.72 * Math.exp(-square) + 0.28 * Math.exp(-3 * Math.sqrt(square))
  }
  const clearTone = (x: number, y: number) => {
    const up = Math.max(0, horizon - y)
    const base = daylight.zenith + (daylight.horizon - daylight.zenith) * Math.exp(-up * daylight.falloff)
    return base + glow(x, y) * daylight.glow * (1 - 0.5 * base)
  }
  return { clearTone, glow }
}

/** Fills what the land has left free. */
export function renderSky(raster: Raster, scene: SceneDescription, sky: SkyModel, onProgress: ProgressCallback): void {
  const { width, height, pixelsPerUnit } = raster
  const toneAt = createSkyShader(scene, sky)
  for (let row = 0; row < height; row++) {
    const y = (row + 0.5 - height / 2) / pixelsPerUnit
    for (let column = 0; column < width; column++) {
      const at = row * width + column
      const free = 1 - (raster.coverage[at] ?? 0)
      if (free < 0.001) continue
      const x = (column + 0.5 - width / 2) / pixelsPerUnit
      raster.tone[at] = (raster.tone[at] ?? 0) + free * toneAt(x, y)
      raster.tint[at] = (raster.tint[at] ?? 0) + free * sky.glow(x, y)
    }
    onProgress(row / height)
  }
}

/** Sun and stars, then clouds before them, then rain below the clouds. */
function createSkyShader(scene: SceneDescription, sky: SkyModel): (x: number, y: number) => number {
  const noise = createNoise(scene.seed)
  const shadeClouds = createCloudShader(scene, sky, noise)
  return (x, y) => {
    const up = Math.max(0, scene.horizon - y)
    const lights =
      sampleStar(x, y, scene) * smoothstep(0, 0.3, up) + sampleSunDisc(x, y, scene) * smoothstep(-0.02, 0.12, up)
    const clouded = shadeClouds(x, y, up, sky.clearTone(x, y) + lights)
    if (!scene.rain) return clouded
    const curtain = smoothstep(-0.3, 0.7, noise(x * 4 - y * 1.6 + 90, y * 0.5)) * smoothstep(0.5, 0.05, up)
    return clouded * (1 - 0.3 * scene.rain * curtain)
  }
}

const STAR_CELL = 0.011

/** At most one star a cell, most of them too faint to see. */
function sampleStar(x: number, y: number, { daylight, seed }: SceneDescription): number {
  if (!daylight.starBrightness) return 0
  const column = Math.floor(x / STAR_CELL)
  const row = Math.floor(y / STAR_CELL)
  const bits = hash32(Math.imul(column, 0x27d4eb2f) ^ Math.imul(row, 0x165667b1) ^ seed)
  const bright = ((bits >>> 16) & 0xff) / 255
  const across = x - (column + 0.2 + (0.6 * (bits & 0xff)) / 255) * STAR_CELL
  const down = y - (row + 0.2 + (0.6 * ((bits >>> 8) & 0xff)) / 255) * STAR_CELL
  const size = 0.0007 + 0.0006 * bright
  return daylight.starBrightness * bright ** 14 * Math.exp(-(across * across + down * down) / (size * size))
}

function sampleSunDisc(x: number, y: number, { sun }: SceneDescription): number {
  if (!sun.discRadius) return 0
  return 0.22 * (1 - smoothstep(sun.discRadius * 0.75, sun.discRadius * 1.2, Math.hypot(x - sun.x, y - sun.y)))
}
