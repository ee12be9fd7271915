import type { Random } from '../raster/random.ts'

export type Time = 'dawn' | 'day' | 'dusk' | 'night'

/** The tones that the darkest and the lightest places of a print get, and how those between bend: above 1, downwards. */
export interface Exposure {
  black: number
  white: number
  bend: number
}

export interface Daylight {
  /** Tones of the clear sky, and how fast the one goes over into the other. */
  zenith: number
  horizon: number
  fall: number
  /** How much lighter the sky is about the sun, or the moon. */
  glow: number
  /** How far up it may stand, as a share of the picture's height above the horizon. */
  sunHeight: number
  /** Light on the land from the whole sky, and from one side. */
  ambient: number
  direct: number
  stars: number
  exposure: Exposure
}

const FULL: Exposure = { black: 0.02, white: 0.97, bend: 1 }
const HIGH_KEY: Exposure = { black: 0.28, white: 0.99, bend: 0.9 }
const LOW_KEY: Exposure = { black: 0.01, white: 0.82, bend: 1.15 }

export const TIMES: Record<Time, (random: Random) => Daylight> = {
  dawn: r => ({
    zenith: r.between(0.5, 0.7),
    horizon: r.between(0.75, 0.9),
    fall: r.between(1.5, 4),
    glow: r.between(0.2, 0.4),
    sunHeight: 0.2,
    ambient: 0.24,
    direct: 0.46,
    stars: 0,
    exposure: r.pick([HIGH_KEY, HIGH_KEY, FULL]),
  }),
  day: r => ({
    zenith: r.between(0.4, 0.72),
    horizon: r.between(0.78, 0.92),
    fall: r.between(1.5, 5),
    glow: r.between(0.08, 0.3),
    sunHeight: 0.5,
    ambient: 0.24,
    direct: 0.54,
    stars: 0,
    exposure: r.pick([FULL, FULL, HIGH_KEY]),
  }),
  dusk: r => ({
    zenith: r.between(0.2, 0.5),
    horizon: r.between(0.6, 0.85),
    fall: r.between(1.5, 5),
    glow: r.between(0.25, 0.5),
    sunHeight: 0.25,
    ambient: 0.16,
    direct: 0.5,
    stars: 0,
    exposure: r.pick([FULL, FULL, LOW_KEY]),
  }),
  night: r => ({
    zenith: r.between(0.06, 0.16),
    horizon: r.between(0.22, 0.4),
    fall: r.between(1.5, 4),
    glow: r.between(0.12, 0.3),
    sunHeight: 0.5,
    ambient: 0.09,
    direct: 0.2,
    stars: r.between(0.15, 0.5),
    exposure: { black: 0, white: r.between(0.55, 0.78), bend: r.between(1, 1.2) },
  }),
}
