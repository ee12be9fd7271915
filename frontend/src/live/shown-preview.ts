import type { LivePreview } from '@darkroom/contracts/events'
import { decodeBase64 } from '../ui/base64.ts'

/** A picture of an output as it is so far, while its provider makes it. */
export interface ShownPreview {
  /** Id of the generation. */
  id: string
  /** Index of the output. */
  index: number
  sequence: number
  image: Blob
}

/** Parses the event of a preview. Returns undefined if it is none. */
export function parsePreview(data: string): ShownPreview | undefined {
  try {
    const { id, index, sequence, image }: LivePreview = JSON.parse(data)
    return { id, index, sequence, image: new Blob([decodeBase64(image)], { type: 'image/webp' }) }
  } catch {
    return undefined
  }
}
