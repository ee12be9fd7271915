import { type Daylight, type Exposure, TIMES, type Time } from './landscape/daylight.ts'
import { SCENES, type Scene, type SceneName } from './landscape/scene-presets.ts'
import { type Clouds, WEATHERS, type Weather } from './landscape/weather.ts'
import type { Random } from './raster/random.ts'

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
  dapple: number
  rain: number
  exposure: Exposure
  seed: number
}

export interface Size {
  width: number
  height: number
}

/** Decides a picture: the words say what of, the references say how it is lit, chance does the rest. */
export function compose(random: Random, intent: Intent, layout: Layout | null, size: Size): Composition {
  const scene = SCENES[intent.scene](random)
  const weather = WEATHERS[intent.weather](random)
  const daylight = TIMES[intent.time](random)
  const horizon = layout?.horizon ? layout.horizon - 0.5 : scene.horizon
  const light = layout ? { x: layout.light.x - 0.5, y: layout.light.y - 0.5 } : sunBy(random, horizon, daylight)
  const side = Math.sqrt(size.width * size.height)
  const at = { x: (light.x * size.width) / side, y: (light.y * size.height) / side }
  return {
    ...scene,
    horizon: (horizon * size.height) / side,
    haze: scene.haze * weather.haze,
    mist: { ...scene.mist, amount: scene.mist.amount + weather.mist },
    water: scene.water && { ...scene.water, still: scene.water.still * (1 - weather.wind) },
    sun: {
      ...at,
      wide: random.between(0.3, 0.75),
      disc: weather.clear && random.chance(0.2) ? random.between(0.009, 0.022) : 0,
    },
    from: fromOf(random, at.x, scene),
    daylight,
    clouds: weather.clouds,
    dapple: weather.dapple,
    rain: weather.rain,
    exposure: layout?.exposure ?? daylight.exposure,
    seed: random.seed(),
  }
}

function sunBy(random: Random, horizon: number, { sunHeight }: Daylight): { x: number; y: number } {
  return { x: random.between(-0.55, 0.55), y: horizon - random.between(-0.04, sunHeight) }
}

/** From the sun's side; low over dunes, whose crests part light from shade. Sometimes the eye has the sun at its back. */
function fromOf(random: Random, sunX: number, { ground }: Scene): Composition['from'] {
  return {
    x: Math.max(-0.9, Math.min(0.9, sunX * 2.4)) * (ground === 'dunes' ? 1.6 : 1),
    y: ground === 'dunes' ? random.between(0.15, 0.3) : random.between(0.2, 0.5),
    z: random.chance(0.35) ? -0.5 : 0.3,
  }
}
