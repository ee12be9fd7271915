import type { Random } from '../raster/random.ts'

export type Weather = 'clear' | 'veiled' | 'broken' | 'banded' | 'overcast' | 'fog' | 'rain' | 'storm'

/** Parameters of the cloud layer's noise and shading. */
export interface Clouds {
  /** Opacity at full density, 0 to 1. */
  opacity: number
  /** Noise density from which there is cloud (about -0.6 to 0.4; higher gives fewer clouds), and the width of its soft edge. */
  threshold: number
  softness: number
  /** Frequency of the noise, and its ratio in depth to that across. */
  scale: number
  stretch: number
  /** Offset that limits the perspective at the horizon, where clouds would become infinitely small. */
  horizonOffset: number
  /** Shape of the noise: 0 gives wisps, 1 rounded heaps. */
  billow: number
  /** Tone relative to the sky behind: positive is lighter, negative darker. */
  brightness: number
  /** Contrast between the sides towards and away from the sun. */
  relief: number
}

export interface WeatherConditions {
  /** Whether the disc of the sun may be visible. */
  hasClearSky: boolean
  clouds: Clouds | null
  /** Factor on the scene's haze. */
  haze: number
  /** Added to the scene's mist. */
  mist: number
  /** Share of direct light that cloud shadows remove from the terrain, 0 to 1. */
  cloudShadow: number
  /** Strength of the rain streaks below the clouds, 0 to 1. */
  rain: number
  /** Roughness that the wind gives to water, 0 to 1. */
  wind: number
}

const BASE_CONDITIONS: WeatherConditions = {
  hasClearSky: false,
  clouds: null,
  haze: 1,
  mist: 0,
  cloudShadow: 0.2,
  rain: 0,
  wind: 0,
}

export const WEATHER_PRESETS: Record<Weather, (random: Random) => WeatherConditions> = {
  clear: () => ({ ...BASE_CONDITIONS, hasClearSky: true }),
  veiled: r => ({ ...BASE_CONDITIONS, hasClearSky: true, clouds: createCirrus(r) }),
  broken: r => ({ ...BASE_CONDITIONS, clouds: createCumulus(r), cloudShadow: r.between(0.4, 0.9) }),
  banded: r => ({ ...BASE_CONDITIONS, clouds: createBandedClouds(r), cloudShadow: r.between(0.2, 0.6) }),
  overcast: r => ({ ...BASE_CONDITIONS, clouds: createStratus(r), haze: 1.2, cloudShadow: r.between(0.3, 0.9) }),
  fog: r => ({ ...BASE_CONDITIONS, haze: r.between(2, 3.5), mist: r.between(0.6, 1.6), cloudShadow: 0 }),
  rain: r => ({
    ...BASE_CONDITIONS,
    clouds: createStratus(r),
    haze: r.between(1.4, 2.2),
    mist: 0.3,
    rain: r.between(0.5, 1),
    wind: 0.5,
  }),
  storm: r => ({
    ...BASE_CONDITIONS,
    clouds: createStormClouds(r),
    cloudShadow: r.between(0.5, 0.9),
    rain: r.between(0, 0.6),
    wind: 0.9,
  }),
}

function createCirrus(r: Random): Clouds {
  const shape = { scale: r.between(0.5, 1), stretch: r.between(1.2, 3), horizonOffset: r.between(0.1, 0.2), billow: 0 }
  return {
    ...shape,
    opacity: r.between(0.5, 0.9),
    threshold: r.between(-0.2, 0.2),
    softness: 0.9,
    brightness: r.between(0.05, 0.14),
    relief: 0.08,
  }
}

function createCumulus(r: Random): Clouds {
  const shape = {
    scale: r.between(0.6, 1.1),
    stretch: r.between(1, 1.5),
    horizonOffset: r.between(0.22, 0.42),
    billow: r.between(0.7, 1),
  }
  return {
    ...shape,
    opacity: 0.88,
    threshold: r.between(0.02, 0.32),
    softness: r.between(0.25, 0.45),
    brightness: r.between(0.02, 0.1),
    relief: r.between(0.16, 0.26),
  }
}

function createBandedClouds(r: Random): Clouds {
  const shape = { scale: r.between(0.25, 0.5), stretch: r.between(3, 6), horizonOffset: r.between(0.2, 0.4), billow: 0 }
  return {
    ...shape,
    opacity: r.between(0.5, 0.9),
    threshold: r.between(-0.2, 0.2),
    softness: r.between(0.4, 0.7),
    brightness: r.between(-0.18, -0.06),
    relief: r.between(0.06, 0.14),
  }
}

function createStratus(r: Random): Clouds {
  const shape = {
    scale: r.between(0.35, 0.8),
    stretch: r.between(0.9, 1.8),
    horizonOffset: r.between(0.08, 0.16),
    billow: r.between(0, 0.7),
  }
  return {
    ...shape,
    opacity: r.between(0.6, 0.95),
    threshold: r.between(-0.6, -0.1),
    softness: r.between(0.4, 0.8),
    brightness: r.between(-0.22, -0.1),
    relief: r.between(0.12, 0.24),
  }
}

function createStormClouds(r: Random): Clouds {
  const shape = {
    scale: r.between(0.35, 0.6),
    stretch: r.between(0.8, 1.4),
    horizonOffset: r.between(0.12, 0.25),
    billow: r.between(0.5, 1),
  }
  return {
    ...shape,
    opacity: 0.97,
    threshold: r.between(-0.5, -0.15),
    softness: r.between(0.4, 0.6),
    brightness: r.between(-0.36, -0.24),
    relief: r.between(0.24, 0.36),
  }
}
