import { createNoise, fractalNoise, smoothstep } from '../raster/noise.ts'
import type { SceneDescription } from '../scene-description.ts'
import type { SkyModel } from './sky-model.ts'

/** A visible point of the terrain. */
export interface SurfacePoint {
  /** Position in the scene. */
  x: number
  z: number
  height: number
  /** Slope to the right, and away from the camera. */
  slopeX: number
  slopeZ: number
  isWater: boolean
  /** Position on the image plane. */
  imageX: number
  imageY: number
}

/** Result of shading a point. */
export interface ShadedPoint {
  tone: number
  tint: number
  /** Share of the tone that comes from haze and mist in front of the point, 0 to 1. */
  fog: number
}

/**
 * Creates the shader of the terrain: Lambert diffuse and ambient light, cloud shadows and snow, then atmospheric perspective,
 * which blends the tone into that of the sky by distance. It writes into `shaded` instead of returning an object, since it runs
 * millions of times per image.
 */
export function createSurfaceShader(
  scene: SceneDescription,
  sky: SkyModel,
): (point: SurfacePoint, shaded: ShadedPoint) => void {
  const noise = createNoise(scene.seed ^ 0x51ab)
  const { lightDirection, daylight, mist, snow, cloudShadow } = scene
  return (point, shaded) => {
    const { x, z } = point
    const normalY = 1 / Math.sqrt(1 + point.slopeX * point.slopeX + point.slopeZ * point.slopeZ)
    const sunlit = cloudShadow ? 1 - cloudShadow * smoothstep(-0.3, 0.4, noise(x * 0.25 + 50, z * 0.25)) : 1
    const diffuse =
      Math.max(0, (lightDirection.y - point.slopeX * lightDirection.x - point.slopeZ * lightDirection.z) * normalY) *
      sunlit
    let tone = daylight.ambient * (0.5 + 0.5 * normalY) + daylight.direct * diffuse
    if (snow) tone += snowAt(point, normalY, diffuse)
    if (point.isWater) tone = 0

    const skyTone = sky.clearTone(point.imageX, Math.min(point.imageY, scene.horizon))
    const mistDensity = mist.amount ? mistAt(point) : 0
    const fog = 1 - Math.exp(-z * scene.haze - mistDensity)
    const thickness = Math.min(1, mistDensity - 0.8) * Math.exp(-z * 0.03)
    const billows = thickness > 0 ? thickness * (0.16 * fractalNoise(noise, x * 0.5 + 9, z * 0.5, 3) - 0.05) : 0
    shaded.fog = fog
    shaded.tone = tone + (skyTone * (0.97 + billows) - tone) * fog
    shaded.tint = sky.glow(point.imageX, point.imageY) * fog + (point.isWater ? 0 : 0.8 * diffuse * (1 - fog))
  }

  /** Returns the tone that snow adds; steep slopes have none. */
  function snowAt({ x, z, height }: SurfacePoint, normalY: number, diffuse: number): number {
    const cover = smoothstep(0.6, 0.72, normalY + 0.1 * height + 0.2 * fractalNoise(noise, x * 5, z * 5, 4, 0.6))
    return snow * cover * (0.5 + 0.5 * diffuse) * (daylight.ambient + daylight.direct)
  }

  function mistAt({ x, z, height }: SurfacePoint): number {
    const above = Math.max(0, height - mist.top + 0.2 * noise(x * 0.3, z * 0.3))
    return mist.amount * Math.exp(-above / mist.depth) * (1 - Math.exp(-z * 0.15))
  }
}
