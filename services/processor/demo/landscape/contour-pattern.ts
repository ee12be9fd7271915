import { createNoise, fractalNoise, smoothstep } from '../raster/noise.ts'
import type { ProgressCallback, Raster } from '../raster/raster.ts'
import type { SceneDescription } from '../scene-description.ts'
import type { SkyModel } from './sky-model.ts'

/**
 * Renders an abstract pattern instead of a landscape: the contour bands of a smooth height field, each fading from shade into
 * light.
 */
export function renderContourPattern(
  raster: Raster,
  scene: SceneDescription,
  sky: SkyModel,
  onProgress: ProgressCallback,
): void {
  const { contourPattern } = scene
  if (!contourPattern) return
  const noise = createNoise(scene.seed ^ 0x7e11)
  const { width, height, pixelsPerUnit, tone, tint } = raster
  const cos = Math.cos(contourPattern.tilt)
  const sin = Math.sin(contourPattern.tilt)
  for (let row = 0; row < height; row++) {
    const down = (row + 0.5 - height / 2) / pixelsPerUnit
    for (let column = 0; column < width; column++) {
      const across = (column + 0.5 - width / 2) / pixelsPerUnit
      const shade = shadeAt(across * cos + down * sin, down * cos - across * sin)
      const glow = sky.glow(across, down)
      const at = row * width + column
      tone[at] =
        sky.clearTone(across, down * 0.5 + scene.horizon - 0.25) * (1 - contourPattern.shadeDepth * shade) + glow * 0.15
      tint[at] = glow * 0.7 + 0.3 * (1 - shade)
    }
    onProgress(row / height)
  }

  function shadeAt(x: number, y: number): number {
    if (!contourPattern) return 0
    // Domain warping bends the contours into folds.
    const u = x * contourPattern.stretch + 0.35 * noise(x * 1.1 + 4, y * 1.6)
    const v = y * 1.6 + 0.45 * noise(x * 0.9, y * 1.3 + 40)
    const elevation =
      fractalNoise(noise, u * contourPattern.scale, v * contourPattern.scale, 3, 0.32) * 0.9 +
      v * contourPattern.verticalTrend
    const contour = Math.floor(elevation * contourPattern.contourCount)
    const rise = elevation * contourPattern.contourCount - contour
    return (
      (0.625 + 0.375 * noise(contour * 3.7, 0.5)) * (1 - rise) ** 1.6 * smoothstep(0, contourPattern.edgeSoftness, rise)
    )
  }
}
