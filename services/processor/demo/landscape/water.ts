import { createNoise, fractalNoise, smoothstep } from '../raster/noise.ts'
import type { ProgressCallback, Raster } from '../raster/raster.ts'
import type { SceneDescription } from '../scene-description.ts'
import type { SkyModel } from './sky-model.ts'

/**
 * Renders reflections on water (screen-space): each water pixel samples the image mirrored at the horizon, displaced by the slope
 * of its ripples. Must run after sky and terrain.
 */
export function renderWater(
  raster: Raster,
  scene: SceneDescription,
  sky: SkyModel,
  onProgress: ProgressCallback,
): void {
  if (!scene.water) return
  const noise = createNoise(scene.seed ^ 0x3a7e4)
  const roughness = 1.05 - scene.water.stillness
  const { width, height, pixelsPerUnit, tone, tint, reflectivity } = raster
  const horizon = Math.floor(scene.horizon * pixelsPerUnit + height / 2)
  for (let row = Math.max(0, horizon); row < height; row++) {
    const down = (row + 0.5 - height / 2) / pixelsPerUnit - scene.horizon
    const z = scene.focalLength / Math.max(0.0005, down)
    const near = smoothstep(0.002, 0.05, down)
    // Reflectance falls towards the camera, where the view is steeper (Fresnel).
    const reflectance = 0.88 - 0.3 * smoothstep(0, 0.6, down)
    for (let column = 0; column < width; column++) {
      const at = row * width + column
      const share = reflectivity[at] ?? 0
      if (share < 0.001) continue
      const x = (column + 0.5 - width / 2) / pixelsPerUnit
      const gust = smoothstep(-0.4, 0.5, noise(x * z * 0.12, z * 0.25 + 9))
      const ripple = fractalNoise(noise, ((x * z) / scene.focalLength) * 1.1, z * 2.4, 3) * near
      const slope = ripple * 0.05 * (0.15 + roughness * (0.3 + 0.7 * gust))
      const y = scene.horizon - down - slope * 2 - 0.004
      tone[at] =
        (tone[at] ?? 0) +
        share * (sampleReflection(x + slope * 0.25, y) * reflectance - 0.02 + ripple * 0.05 * roughness)
      tint[at] = (tint[at] ?? 0) + share * sky.glow(x, y) * 0.9
    }
    onProgress((row - horizon) / (height - horizon))
  }

  /** Samples the image above the horizon. Beyond its upper edge nothing is rendered, so coordinates are mirrored at the edge. */
  function sampleReflection(x: number, y: number): number {
    if (horizon < 1) return sky.clearTone(x, y)
    const up = Math.abs(Math.floor(y * pixelsPerUnit + height / 2))
    const row = horizon - 1 - Math.abs(horizon - 1 - (up % (2 * horizon - 1)))
    const column = Math.max(0, Math.min(width - 1, Math.floor(x * pixelsPerUnit + width / 2)))
    return tone[Math.max(0, row) * width + column] ?? 0
  }
}
