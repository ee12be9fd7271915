import sharp, { type Sharp } from 'sharp'
import type { MediaInput } from './media-input.ts'

/** Opens an image for sharp: only the first frame of an animation, and truncated data is an error. */
export function openImage(input: MediaInput): Sharp {
  return sharp(input instanceof Uint8Array ? input : input.path, {
    // `inspectImage` limits the pixels instead, by the header and with a message for people.
    limitInputPixels: false,
    failOn: 'truncated',
    pages: 1,
  })
}
