import { readA1111 } from './a1111.ts'
import { readComfy } from './comfy.ts'
import { readInvokeAi } from './invoke-ai.ts'
import type { ImageMetadata } from './metadata.ts'

/** The texts in an image file, by keyword. */
export type ImageTexts = Readonly<Record<string, string>>

const READERS: ((texts: ImageTexts) => ImageMetadata | undefined)[] = [readInvokeAi, readA1111, readComfy]

/** Reads the metadata that A1111 and its descendants, ComfyUI or InvokeAI write into an image; undefined if there is none. */
export function readMetadata(texts: ImageTexts): ImageMetadata | undefined {
  for (const read of READERS) {
    const metadata = read(texts)
    if (metadata) return metadata
  }
  return undefined
}
