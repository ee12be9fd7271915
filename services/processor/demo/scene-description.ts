import { DAYLIGHT_PRESETS, type Daylight, type TimeOfDay, type ToneCurve } from './landscape/daylight.ts'
import { SCENE_PRESETS, type SceneParameters, type SceneType } from './landscape/scene-presets.ts'
import { type Clouds, WEATHER_PRESETS, type Weather } from './landscape/weather.ts'
import type { Random } from './raster/random.ts'

/** What a picture is to be of; the same for every output of a generation. */
export interface Intent {
  scene: SceneType
  time: TimeOfDay
  weather: Weather
}

/** What the references ask for. */
export interface Layout {
  /** Where the horizon lies, as a share of the height from the top; null where nothing looks like one. */
  horizon: number | null
  /** The lightest place, as shares of width and height. */
  brightestPoint: { x: number; y: number }
  toneCurve: ToneCurve
}

/**
 * One picture, decided before it is drawn. On the picture, lengths are in sides of the square of equal area, from its middle,
 * rightwards and downwards; in the land they are in heights of the eye above the mean ground. Tones go from 0, dark, to 1.
 */
export interface SceneDescription extends SceneParameters {
  sun: { x: number; y: number; glowRadius: number; discRadius: number }
  /** Where the light on the land comes from: to the right, up, and from beyond. */
  lightDirection: { x: number; y: number; z: number }
  daylight: Daylight
  clouds: Clouds | null
  cloudShadow: number
  rain: number
  toneCurve: ToneCurve
  seed: number
}

export interface Size {
  width: number
  height: number
}

/** Decides a picture: the words say what of, the references say how it is lit, chance does the rest. */
export function composeScene(random: Random, intent: Intent, layout: Layout | null, size: Size): SceneDescription {
  const scene = SCENE_PRESETS[intent.scene](random)
  const weather = WEATHER_PRESETS[intent.weather](random)
  const daylight = DAYLIGHT_PRESETS[intent.time](random)
  const horizon = layout?.horizon ? layout.horizon - 0.5 : scene.horizon
  const light = layout
    ? { x: layout.brightestPoint.x - 0.5, y: layout.brightestPoint.y - 0.5 }
    : chooseSunPosition(random, horizon, daylight)
  const pixelsPerUnit = Math.sqrt(size.width * size.height)
  const sunPosition = { x: (light.x * size.width) / pixelsPerUnit, y: (light.y * size.height) / pixelsPerUnit }
  return {
    ...scene,
    horizon: (horizon * size.height) / pixelsPerUnit,
    haze: scene.haze * weather.haze,
    mist: { ...scene.mist, amount: scene.mist.amount + weather.mist },
    water: scene.water && { ...scene.water, stillness: scene.water.stillness * (1 - weather.wind) },
    sun: {
      ...sunPosition,
      glowRadius: random.between(0.3, 0.75),
      discRadius: weather.hasClearSky && random.chance(0.2) ? random.between(0.009, 0.022) : 0,
    },
    lightDirection: chooseLightDirection(random, sunPosition.x, scene),
    daylight,
    clouds: weather.clouds,
    cloudShadow: weather.cloudShadow,
    rain: weather.rain,
    toneCurve: layout?.toneCurve ?? daylight.toneCurve,
    seed: random.seed(),
  }
}

function chooseSunPosition(random: Random, horizon: number, { maxSunHeight }: Daylight): { x: number; y: number } {
  return { x: random.between(-0.55, 0.55), y: horizon - random.between(-0.04, maxSunHeight) }
}

/** From the sun's side; low over dunes, whose crests part light from shade. Sometimes the eye has the sun at its back. */
function chooseLightDirection(
  random: Random,
  sunX: number,
  { terrainType }: SceneParameters,
): SceneDescription['lightDirection'] {
  return {
    x: Math.max(-0.9, Math.min(0.9, sunX * 2.4)) * (terrainType === 'dunes' ? 1.6 : 1),
    y: terrainType === 'dunes' ? random.between(0.15, 0.3) : random.between(0.2, 0.5),
    z: random.chance(0.35) ? -0.5 : 0.3,
  }
}
