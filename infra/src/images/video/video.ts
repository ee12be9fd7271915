import type { PictureSource } from '../image.ts'
import { sourceOf, type VideoFacts } from './byte-source.ts'
import { isMp4, readMp4 } from './mp4.ts'
import { isWebm, readWebm } from './webm.ts'

/** What a video says of itself. */
export interface Video extends VideoFacts {
  mimeType: string
  extension: string
}

const CONTAINERS = {
  mp4: { mimeType: 'video/mp4', isBegunBy: isMp4, read: readMp4 },
  webm: { mimeType: 'video/webm', isBegunBy: isWebm, read: readWebm },
} as const

const NAMES = ['mp4', 'webm'] as const

/** The container that a video's first bytes tell, undefined if it is none that is kept. What follows may still be damaged. */
export function sniffVideo(bytes: Uint8Array): keyof typeof CONTAINERS | undefined {
  return NAMES.find(name => CONTAINERS[name].isBegunBy(bytes))
}

/**
 * Reads what a video says of itself, and looks whether all the pieces that it is made of are there. It decodes nothing.
 *
 * @throws MediaError if it was cut short, makes no sense, or has no picture
 */
export async function readVideo(source: PictureSource, container: keyof typeof CONTAINERS): Promise<Video> {
  const { mimeType, read } = CONTAINERS[container]
  return { mimeType, extension: container, ...(await read(sourceOf(source))) }
}
