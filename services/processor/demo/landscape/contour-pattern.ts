import { fractal, noiseFrom, smoothstep } from '../raster/noise.ts'
import type { Plate, Told } from '../raster/raster.ts'
import type { Composition } from '../scene-description.ts'
import type { Sky } from './sky.ts'

/** Light on soft folds, near enough to be abstract: the contours of smooth ground, each rising into light and ending in shade. */
export function drawFolds(plate: Plate, c: Composition, sky: Sky, told: Told): void {
  const { folds } = c
  if (!folds) return
  const noise = noiseFrom(c.seed ^ 0x7e11)
  const { width, height, side, tone, tint } = plate
  const cos = Math.cos(folds.tilt)
  const sin = Math.sin(folds.tilt)
  for (let row = 0; row < height; row++) {
    const down = (row + 0.5 - height / 2) / side
    for (let column = 0; column < width; column++) {
      const across = (column + 0.5 - width / 2) / side
      const shade = shadeAt(across * cos + down * sin, down * cos - across * sin)
      const glow = sky.glow(across, down)
      const at = row * width + column
      tone[at] = sky.clear(across, down * 0.5 + c.horizon - 0.25) * (1 - folds.depth * shade) + glow * 0.15
      tint[at] = glow * 0.7 + 0.3 * (1 - shade)
    }
    told(row / height)
  }

  function shadeAt(x: number, y: number): number {
    if (!folds) return 0
    const u = x * folds.stretch + 0.35 * noise(x * 1.1 + 4, y * 1.6)
    const v = y * 1.6 + 0.45 * noise(x * 0.9, y * 1.3 + 40)
    const ground = fractal(noise, u * folds.scale, v * folds.scale, 3, 0.32) * 0.9 + v * folds.order
    const contour = Math.floor(ground * folds.count)
    const rise = ground * folds.count - contour
    return (0.625 + 0.375 * noise(contour * 3.7, 0.5)) * (1 - rise) ** 1.6 * smoothstep(0, folds.edge, rise)
  }
}
