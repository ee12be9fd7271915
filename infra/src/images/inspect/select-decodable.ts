import { getByteLength, type MediaInput, readBytes } from '../media-input.ts'
import type { ImagePart } from './image-layout.ts'
import type { InspectedImage } from './inspect-image.ts'

/**
 * Returns an image as a decoder should get it: without texts, comments, metadata, unknown parts and later frames of an animation, with
 * all that its pixels need to be shown the same. The work is linear in the size of the file.
 *
 * @returns `input` itself where it has nothing else
 */
export async function selectDecodable(
  input: MediaInput,
  { parts }: Pick<InspectedImage, 'parts'>,
): Promise<MediaInput> {
  const [only] = parts
  const isWhole = parts.length === 1 && only !== undefined && isRange(only) && only.end === getByteLength(input)
  if (isWhole) return input
  const selected: Uint8Array[] = []
  for (const part of parts) selected.push(isRange(part) ? await readBytes(input, part.start, part.end) : part)
  return Buffer.concat(selected)
}

function isRange(part: ImagePart): part is { start: number; end: number } {
  return !(part instanceof Uint8Array)
}
