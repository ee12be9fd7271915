import { createNoise, smoothstep } from '../raster/noise.ts'
import { hash32 } from '../raster/random.ts'
import type { ProgressCallback, Raster } from '../raster/raster.ts'
import type { SceneDescription } from '../scene-description.ts'
import { createCloudShader } from './clouds.ts'
import type { SkyModel } from './sky-model.ts'

/** Renders the sky behind the terrain, weighted by the share of each pixel that the terrain leaves uncovered. */
export function renderSky(raster: Raster, scene: SceneDescription, sky: SkyModel, onProgress: ProgressCallback): void {
  const { width, height, pixelsPerUnit } = raster
  const toneAt = createSkyShader(scene, sky)
  for (let row = 0; row < height; row++) {
    const y = (row + 0.5 - height / 2) / pixelsPerUnit
    for (let column = 0; column < width; column++) {
      const at = row * width + column
      const uncovered = 1 - (raster.coverage[at] ?? 0)
      if (uncovered < 0.001) continue
      const x = (column + 0.5 - width / 2) / pixelsPerUnit
      raster.tone[at] = (raster.tone[at] ?? 0) + uncovered * toneAt(x, y)
      raster.tint[at] = (raster.tint[at] ?? 0) + uncovered * sky.glow(x, y)
    }
    onProgress(row / height)
  }
}

/** Creates a function that returns the tone of the sky: clear sky, stars and sun disc, then clouds over them, then rain. */
function createSkyShader(scene: SceneDescription, sky: SkyModel): (x: number, y: number) => number {
  const noise = createNoise(scene.seed)
  const shadeClouds = createCloudShader(scene, sky, noise)
  return (x, y) => {
    const up = Math.max(0, scene.horizon - y)
    const lights =
      sampleStar(x, y, scene) * smoothstep(0, 0.3, up) + sampleSunDisc(x, y, scene) * smoothstep(-0.02, 0.12, up)
    const clouded = shadeClouds(x, y, up, sky.clearTone(x, y) + lights)
    if (!scene.rain) return clouded
    // Vertical streaks of low-frequency noise, slanted, and strongest near the horizon.
    const curtain = smoothstep(-0.3, 0.7, noise(x * 4 - y * 1.6 + 90, y * 0.5)) * smoothstep(0.5, 0.05, up)
    return clouded * (1 - 0.3 * scene.rain * curtain)
  }
}

/** Side of a cell of the star grid. */
const STAR_CELL = 0.011

/** Samples the stars: one per cell of a jittered grid. The high power of its random brightness leaves most invisible. */
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
