import type { ImageLimits } from '../check-image.ts'
import { readImage, validateImage } from '../image.ts'
import { makeLivePreview } from '../live-preview.ts'
import { encodeMask, type MaskPolarity } from '../mask.ts'
import { getByteLength, type MediaInput, readBytes } from '../media-input.ts'
import { makePreviews } from '../previews.ts'
import { stripMetadata } from '../strip-metadata.ts'

/** Arguments of each operation, beside the image itself. */
export interface OperationArguments {
  /** Validates an image and makes its previews and placeholder. */
  read: { limits: ImageLimits }
  validate: { limits: ImageLimits }
  makePreviews: { limits: ImageLimits }
  makeLivePreview: { limits: ImageLimits }
  encodeProviderCopy: object
  encodeMask: { polarity: MaskPolarity; target: { width: number; height: number } }
}

export type OperationName = keyof OperationArguments

/** Everything that a decoder process does, by name. */
export const OPERATIONS: {
  [Name in OperationName]: (input: MediaInput, options: OperationArguments[Name]) => Promise<unknown>
} = {
  read: (input, { limits }) => readImage(input, limits),
  validate: (input, { limits }) => validateImage(input, limits),
  makePreviews: (input, { limits }) => makePreviews(input, limits),
  makeLivePreview: (input, { limits }) => makeLivePreview(input, limits),
  encodeProviderCopy: async input => await stripMetadata(await readAll(input)),
  encodeMask: async (input, { polarity, target }) => await encodeMask(await readAll(input), polarity, target),
}

async function readAll(input: MediaInput): Promise<Uint8Array> {
  return await readBytes(input, 0, getByteLength(input))
}
