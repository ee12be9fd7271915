import sharp, { type Metadata, type Sharp } from 'sharp'
import type { MediaInput } from './media-input.ts'

/**
 * Spaces that an image is converted to before its profile is applied, by the spaces of images with 16 bits. The decoder applies no profile
 * to 16 bits of grey, and converts 16 bits of colour to Display P3 without labelling the result.
 */
const PROCESSING_SPACES: Record<string, string> = { rgb16: 'srgb', grey16: 'b-w' }

/** Opens an image for sharp: only the first frame of an animation, and truncated data is an error. */
export function openImage(input: MediaInput): Sharp {
  return sharp(input instanceof Uint8Array ? input : input.path, {
    // `inspectImage` limits the pixels instead, by the header and with a message for people.
    limitInputPixels: false,
    failOn: 'truncated',
    pages: 1,
  })
}

/**
 * Opens an image like `openImage`, with its colours converted to sRGB, 8 bits a sample: from whatever depth, and by its colour profile,
 * unless that is damaged.
 *
 * @param input an image that was inspected, as `selectDecodable` returns it
 */
export async function openAsSrgb(input: MediaInput): Promise<{ image: Sharp; metadata: Metadata }> {
  const metadata = await openImage(input).metadata()
  const space = PROCESSING_SPACES[metadata.space ?? '']
  const image = openImage(input)
  return { image: space === undefined ? image : image.pipelineColourspace(space), metadata }
}
