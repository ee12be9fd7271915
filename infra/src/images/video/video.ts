import type { MediaInput } from '../image.ts'
import { openByteSource, type VideoProperties } from './byte-source.ts'
import { isMp4, readMp4 } from './mp4.ts'
import { isWebm, readWebm } from './webm.ts'

/** What a video says of itself. */
export interface Video extends VideoProperties {
  mimeType: string
  extension: string
}

const CONTAINERS = {
  mp4: { mimeType: 'video/mp4', matches: isMp4, read: readMp4 },
  webm: { mimeType: 'video/webm', matches: isWebm, read: readWebm },
} as const

const CONTAINER_NAMES = ['mp4', 'webm'] as const

/** The container that a video's first bytes tell, undefined if it is none that is kept. What follows may still be damaged. */
export function sniffVideo(bytes: Uint8Array): keyof typeof CONTAINERS | undefined {
  return CONTAINER_NAMES.find(name => CONTAINERS[name].matches(bytes))
}

/**
 * Reads what a video says of itself, and looks whether all the pieces that it is made of are there. It decodes nothing.
 *
 * @throws MediaError if it was cut short, makes no sense, or has no picture
 */
export async function readVideo(source: MediaInput, container: keyof typeof CONTAINERS): Promise<Video> {
  const { mimeType, read } = CONTAINERS[container]
  return { mimeType, extension: container, ...(await read(openByteSource(source))) }
}
