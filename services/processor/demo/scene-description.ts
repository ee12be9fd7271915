import { DAYLIGHT_PRESETS, type Daylight, type TimeOfDay, type ToneCurve } from './landscape/daylight.ts'
import { SCENE_PRESETS, type SceneParameters, type SceneType } from './landscape/scene-presets.ts'
import { type Clouds, WEATHER_PRESETS, type Weather } from './landscape/weather.ts'
import type { Random } from './raster/random.ts'

/** Subject of an image; the same for every output of a generation. */
export interface Intent {
  scene: SceneType
  time: TimeOfDay
  weather: Weather
}

/** Composition and tones taken from a reference. */
export interface Layout {
  /** Position of the horizon, as a share of the height from the top; null if the reference has none. */
  horizon: number | null
  /** Position of the brightest area, as shares of width and height. */
  brightestPoint: { x: number; y: number }
  toneCurve: ToneCurve
}

/**
 * All parameters of an image, chosen before it is rendered. Coordinates on the image plane start at its center, to the right and
 * down; their unit is the side of the square of equal area. In the scene the unit is the camera's height above the mean terrain.
 * Tones are from 0 (dark) to 1.
 */
export interface SceneDescription extends SceneParameters {
  sun: { x: number; y: number; glowRadius: number; discRadius: number }
  /** Direction towards the light on the terrain: right, up, and away from the camera. */
  lightDirection: { x: number; y: number; z: number }
  daylight: Daylight
  clouds: Clouds | null
  /** Share of direct light that cloud shadows remove, 0 to 1. */
  cloudShadow: number
  rain: number
  toneCurve: ToneCurve
  seed: number
}

export interface Size {
  width: number
  height: number
}

/** Composes a scene: the prompt gives the subject, a reference the horizon, sun and tone curve, and `random` everything else. */
export function composeScene(random: Random, intent: Intent, layout: Layout | null, size: Size): SceneDescription {
  const scene = SCENE_PRESETS[intent.scene](random)
  const weather = WEATHER_PRESETS[intent.weather](random)
  const daylight = DAYLIGHT_PRESETS[intent.time](random)
  const horizon = layout?.horizon ? layout.horizon - 0.5 : scene.horizon
  const sunShare = layout
    ? { x: layout.brightestPoint.x - 0.5, y: layout.brightestPoint.y - 0.5 }
    : chooseSunPosition(random, horizon, daylight)
  const pixelsPerUnit = Math.sqrt(size.width * size.height)
  const sunPosition = { x: (sunShare.x * size.width) / pixelsPerUnit, y: (sunShare.y * size.height) / pixelsPerUnit }
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

/**
 * Chooses the direction of the light: from the side of the sun, low over dunes, whose relief shows in grazing light. In a third
 * of the images it comes from behind the camera.
 */
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
