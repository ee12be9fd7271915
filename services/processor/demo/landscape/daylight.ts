import type { Random } from '../raster/random.ts'

export type TimeOfDay = 'dawn' | 'day' | 'dusk' | 'night'

/** Tone curve of an image: the output tones of its darkest and lightest pixels, and the gamma between (above 1 darkens). */
export interface ToneCurve {
  blackPoint: number
  whitePoint: number
  gamma: number
}

/** Light of a time of day. Tones and intensities are 0 to 1. */
export interface Daylight {
  /** Tones of the clear sky at the zenith and the horizon, and the rate of the exponential gradient between them. */
  zenith: number
  horizon: number
  falloff: number
  /** Tone that the glow of the sun, or the moon, adds to the sky. */
  glow: number
  /** Highest position of the sun above the horizon, as a share of the image's height. */
  maxSunHeight: number
  /** Light on the terrain: ambient from the whole sky, direct from the sun. */
  ambient: number
  direct: number
  starBrightness: number
  toneCurve: ToneCurve
}

const FULL_RANGE: ToneCurve = { blackPoint: 0.02, whitePoint: 0.97, gamma: 1 }
const HIGH_KEY: ToneCurve = { blackPoint: 0.28, whitePoint: 0.99, gamma: 0.9 }
const LOW_KEY: ToneCurve = { blackPoint: 0.01, whitePoint: 0.82, gamma: 1.15 }

export const DAYLIGHT_PRESETS: Record<TimeOfDay, (random: Random) => Daylight> = {
  dawn: r => ({
    zenith: r.between(0.5, 0.7),
    horizon: r.between(0.75, 0.9),
    falloff: r.between(1.5, 4),
    glow: r.between(0.2, 0.4),
    maxSunHeight: 0.2,
    ambient: 0.24,
    direct: 0.46,
    starBrightness: 0,
    toneCurve: r.pick([HIGH_KEY, HIGH_KEY, FULL_RANGE]),
  }),
  day: r => ({
    zenith: r.between(0.4, 0.72),
    horizon: r.between(0.78, 0.92),
    falloff: r.between(1.5, 5),
    glow: r.between(0.08, 0.3),
    maxSunHeight: 0.5,
    ambient: 0.24,
    direct: 0.54,
    starBrightness: 0,
    toneCurve: r.pick([FULL_RANGE, FULL_RANGE, HIGH_KEY]),
  }),
  dusk: r => ({
    zenith: r.between(0.2, 0.5),
    horizon: r.between(0.6, 0.85),
    falloff: r.between(1.5, 5),
    glow: r.between(0.25, 0.5),
    maxSunHeight: 0.25,
    ambient: 0.16,
    direct: 0.5,
    starBrightness: 0,
    toneCurve: r.pick([FULL_RANGE, FULL_RANGE, LOW_KEY]),
  }),
  night: r => ({
    zenith: r.between(0.06, 0.16),
    horizon: r.between(0.22, 0.4),
    falloff: r.between(1.5, 4),
    glow: r.between(0.12, 0.3),
    maxSunHeight: 0.5,
    ambient: 0.09,
    direct: 0.2,
    starBrightness: r.between(0.15, 0.5),
    toneCurve: { blackPoint: 0, whitePoint: r.between(0.55, 0.78), gamma: r.between(1, 1.2) },
  }),
}
