import type { ImageMetadata } from './metadata.ts'
import { readA1111 } from './readers/a1111.ts'
import { readComfy } from './readers/comfy.ts'
import { readDrawThings } from './readers/draw-things.ts'
import { readEasyDiffusion } from './readers/easy-diffusion.ts'
import { readInvokeAi } from './readers/invoke-ai.ts'
import { readJsonParameters } from './readers/json-parameters.ts'
import { readMidjourney } from './readers/midjourney.ts'
import { readNovelAi } from './readers/novel-ai.ts'

/** The texts in an image file, by keyword. */
export type ImageTexts = Readonly<Record<string, string>>

const READERS: ((texts: ImageTexts) => ImageMetadata | undefined)[] = [
  readInvokeAi,
  readJsonParameters,
  readA1111,
  readNovelAi,
  readComfy,
  readEasyDiffusion,
  readDrawThings,
  readMidjourney,
]

/** Reads the metadata that a program of the list writes into an image; undefined if there is none. */
export function readMetadata(texts: ImageTexts): ImageMetadata | undefined {
  for (const read of READERS) {
    const metadata = read(texts)
    if (metadata) return metadata
  }
  return undefined
}
