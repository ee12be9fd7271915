import type { Random } from '../../../testing/random.ts'
import { buildAvif } from './build-avif.ts'
import { buildGif } from './build-gif.ts'
import { buildJpeg } from './build-jpeg.ts'
import { buildPng } from './build-png.ts'
import { buildWebp } from './build-webp.ts'
import type { BaseImages, BuiltImage } from './built-image.ts'

const BUILDERS: ((random: Random, bases: BaseImages) => BuiltImage)[] = [
  buildPng,
  buildPng,
  buildJpeg,
  buildWebp,
  buildGif,
  buildAvif,
]

/** Builds an image of any format: PNG by chunks, JPEG by segments, WebP by chunks, GIF by blocks, AVIF by boxes. */
export function buildImage(random: Random, bases: BaseImages): BuiltImage {
  return random.pick(BUILDERS)(random, bases)
}
