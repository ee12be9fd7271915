import { type Daylight, type Exposure, TIMES, type Time } from './daylight.ts'
import type { Random } from './random.ts'
import { SCENES, type Scene, type SceneName } from './scenes.ts'
import { type Clouds, WEATHERS, type Weather } from './weather.ts'

/** What a picture is to be of; the same for every output of a generation. */
export interface Intent {
  scene: SceneName
  time: Time
  weather: Weather
}

/** What the references ask for. */
export interface Layout {
  /** Where the horizon lies, as a share of the height from the top; null where nothing looks like one. */
  horizon: number | null
  /** The lightest place, as shares of width and height. */
  light: { x: number; y: number }
  exposure: Exposure
}

/**
 * One picture, decided before it is drawn. On the picture, lengths are in sides of the square of equal area, from its middle,
 * rightwards and downwards; in the land they are in heights of the eye above the mean ground. Tones go from 0, dark, to 1.
 */
export interface Composition extends Scene {
  sun: { x: number; y: number; wide: number; disc: number }
  /** Where the light on the land comes from: to the right, up, and from beyond. */
  from: { x: number; y: number; z: number }
  daylight: Daylight
  clouds: Clouds | null
  /** Share of the land in the clouds' shadow, and of the sky behind rain. */
  dapple: number
  rain: number
  exposure: Exposure
  seed: number
}

/** Decides a picture: the words say what of, the references say how it is lit, chance does the rest. */
export function compose(
  random: Random,
  intent: Intent,
  layout: Layout | null,
  { width, height }: { width: number; height: number },
): Composition {
  const side = Math.sqrt(width * height)
  const wide = width / side
  const tall = height / side
  const scene = SCENES[intent.scene](random)
  const weather = WEATHERS[intent.weather](random)
  const daylight = TIMES[intent.time](random)
  const horizon = tall * (layout?.horizon ? layout.horizon - 0.5 : scene.horizon)
  const sun = layout
    ? { x: wide * (layout.light.x - 0.5), y: tall * (layout.light.y - 0.5) }
    : { x: wide * random.between(-0.55, 0.55), y: horizon - tall * random.between(-0.04, daylight.sunHeight) }
  return {
    ...scene,
    horizon,
    haze: scene.haze * weather.haze,
    mist: { ...scene.mist, amount: scene.mist.amount + weather.mist },
    sun: {
      ...sun,
      wide: random.between(0.3, 0.75),
      disc: weather.clear && random.chance(0.2) ? random.between(0.009, 0.022) : 0,
    },
    from: {
      x: Math.max(-0.9, Math.min(0.9, sun.x * 2.4)),
      y: scene.ground === 'dunes' ? random.between(0.1, 0.2) : random.between(0.2, 0.5),
      z: random.chance(0.35) ? -0.5 : 0.3,
    },
    daylight,
    clouds: weather.clouds,
    dapple: weather.dapple,
    rain: weather.rain,
    exposure: layout?.exposure ?? daylight.exposure,
    seed: random.seed(),
  }
}
