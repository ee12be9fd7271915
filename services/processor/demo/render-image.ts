import { tableOf } from './color/color-table.ts'
import { TONINGS, turned } from './color/palettes.ts'
import { study } from './color/reference-analysis.ts'
import { drawFolds } from './landscape/contour-pattern.ts'
import { drawSky, skyOf } from './landscape/sky.ts'
import { drawLand } from './landscape/terrain-renderer.ts'
import { drawWater } from './landscape/water.ts'
import { intentOf } from './prompt-parser.ts'
import { print } from './raster/post-processing.ts'
import { randomFrom } from './raster/random.ts'
import { newPlate, type Told } from './raster/raster.ts'
import { develop } from './raster/tone-mapping.ts'
import { compose } from './scene-description.ts'

/** All that a picture follows from. */
export interface PictureRequest {
  prompt: string
  seed: number
  index: number
  width: number
  height: number
  /** 0 to 1. */
  grain: number
  mood: string
  /** References, small; see `study`. */
  references: readonly Uint8Array[]
}

/**
 * Draws a picture. The same request gives the same bytes; another index gives a sibling: the same land, hour, weather and
 * colours, seen elsewhere.
 *
 * @param told how much of the whole is done, 0 to 1, rising
 * @returns red, green, blue, a byte each, row by row
 */
export function draw(request: PictureRequest, told: Told): Uint8Array<ArrayBuffer> {
  const family = randomFrom(request.prompt, request.seed, request.mood)
  const intent = intentOf(request.prompt, request.mood, family)
  const learned = study(request.references, request.index)
  const toning = learned?.toning ?? turned(TONINGS[intent.toning], family.between(-7, 7))
  const own = randomFrom(request.prompt, request.seed, request.mood, request.index)
  const picture = compose(own, intent, learned?.layout ?? null, request)
  const sky = skyOf(picture)
  const plate = newPlate(request.width, request.height)
  const layer = (from: number, to: number) => (share: number) => told(from + (to - from) * share)

  if (picture.folds) drawFolds(plate, picture, sky, layer(0, 0.8))
  else {
    drawLand(plate, picture, sky, layer(0, 0.45))
    drawSky(plate, picture, sky, layer(0.45, 0.75))
    drawWater(plate, picture, sky, layer(0.75, 0.8))
  }
  develop(plate, picture.exposure, learned?.guide ?? null)
  told(0.9)
  const pixels = print(plate, tableOf(toning), request.grain, picture.seed)
  told(1)
  return pixels
}
