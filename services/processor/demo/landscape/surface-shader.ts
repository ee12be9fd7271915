import { fractal, noiseFrom, smoothstep } from '../raster/noise.ts'
import type { Composition } from '../scene-description.ts'
import type { Sky } from './sky.ts'

/** A point of the land as the eye meets it. */
export interface Spot {
  /** Where it is in the land. */
  x: number
  z: number
  level: number
  /** How steeply it rises to the right, and away from the eye. */
  slopeX: number
  slopeZ: number
  wet: boolean
  /** Where it is on the picture. */
  across: number
  down: number
}

/** The light that comes from it. */
export interface Light {
  tone: number
  tint: number
  /** How much of it is air, 0 to 1. */
  fog: number
}

/** Writes the light of a spot into `light`; both are used again and again, since there are millions. */
export function surfaceOf(c: Composition, sky: Sky): (spot: Spot, light: Light) => void {
  const noise = noiseFrom(c.seed ^ 0x51ab)
  const { from, daylight, mist, snow, dapple } = c
  return (spot, light) => {
    const { x, z } = spot
    const upright = 1 / Math.sqrt(1 + spot.slopeX * spot.slopeX + spot.slopeZ * spot.slopeZ)
    const sunlit = dapple ? 1 - dapple * smoothstep(-0.3, 0.4, noise(x * 0.25 + 50, z * 0.25)) : 1
    const facing = Math.max(0, (from.y - spot.slopeX * from.x - spot.slopeZ * from.z) * upright) * sunlit
    let tone = daylight.ambient * (0.5 + 0.5 * upright) + daylight.direct * facing
    if (snow) tone += snowAt(spot, upright, facing)
    if (spot.wet) tone = 0

    const air = sky.clear(spot.across, Math.min(spot.down, c.horizon))
    const bank = mist.amount ? mistAt(spot) : 0
    const fog = 1 - Math.exp(-z * c.haze - bank)
    const thick = Math.min(1, bank - 0.8) * Math.exp(-z * 0.03)
    const billows = thick > 0 ? thick * (0.16 * fractal(noise, x * 0.5 + 9, z * 0.5, 3) - 0.05) : 0
    light.fog = fog
    light.tone = tone + (air * (0.97 + billows) - tone) * fog
    light.tint = sky.glow(spot.across, spot.down) * fog + (spot.wet ? 0 : 0.8 * facing * (1 - fog))
  }

  /** Snow does not hold on steep rock. */
  function snowAt({ x, z, level }: Spot, upright: number, facing: number): number {
    const lying = smoothstep(0.6, 0.72, upright + 0.1 * level + 0.2 * fractal(noise, x * 5, z * 5, 4, 0.6))
    return snow * lying * (0.5 + 0.5 * facing) * (daylight.ambient + daylight.direct)
  }

  function mistAt({ x, z, level }: Spot): number {
    const above = Math.max(0, level - mist.top + 0.2 * noise(x * 0.3, z * 0.3))
    return mist.amount * Math.exp(-above / mist.depth) * (1 - Math.exp(-z * 0.15))
  }
}
