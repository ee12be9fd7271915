import type { ImageFile } from '../../bad-input/corpus-images.ts'

/** An image that was built piece by piece, and what was done to its pieces. One without mutations is valid. */
export interface BuiltImage extends ImageFile {
  mutations: string[]
}

/** Valid images of the formats whose pixels are not made here. */
export type BaseImages = readonly ImageFile[]
