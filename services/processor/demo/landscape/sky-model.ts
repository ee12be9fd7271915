import type { SceneDescription } from '../scene-description.ts'

/** The clear sky as a function of the image plane, defined everywhere, also where terrain covers it. */
export interface SkyModel {
  /** Tone of the sky without clouds and stars. It is also the tone of the haze, which distant terrain fades into. */
  clearTone(x: number, y: number): number
  /** Strength of the glow around the sun, 0 to 1. */
  glow(x: number, y: number): number
}

/** Creates the sky of a scene: an exponential gradient from horizon to zenith, plus the glow around the sun. */
export function createSkyModel({ sun, horizon, daylight }: SceneDescription): SkyModel {
  const glow = (x: number, y: number) => {
    const across = x - sun.x
    const down = (y - sun.y) * 1.25
    const square = (across * across + down * down) / (sun.glowRadius * sun.glowRadius)
    // A Gaussian for the broad glow, and a sharper exponential peak at the sun.
    return 0.72 * Math.exp(-square) + 0.28 * Math.exp(-3 * Math.sqrt(square))
  }
  const clearTone = (x: number, y: number) => {
    const up = Math.max(0, horizon - y)
    const base = daylight.zenith + (daylight.horizon - daylight.zenith) * Math.exp(-up * daylight.falloff)
    return base + glow(x, y) * daylight.glow * (1 - 0.5 * base)
  }
  return { clearTone, glow }
}
