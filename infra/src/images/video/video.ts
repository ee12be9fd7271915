import type { MediaInput } from '../media-input.ts'
import { openByteSource, type VideoProperties } from './byte-source.ts'
import { isMp4, readMp4 } from './mp4.ts'
import { isWebm, readWebm } from './webm.ts'

/** The properties of a video, with its type. */
export interface Video extends VideoProperties {
  mimeType: string
  extension: string
}

const CONTAINERS = {
  mp4: { mimeType: 'video/mp4', matches: isMp4, read: readMp4 },
  webm: { mimeType: 'video/webm', matches: isWebm, read: readWebm },
} as const

export type VideoContainer = keyof typeof CONTAINERS

const CONTAINER_NAMES = ['mp4', 'webm'] as const

/** Returns the container that a video's first bytes indicate, undefined when it is not accepted. The rest may be damaged. */
export function sniffVideo(bytes: Uint8Array): VideoContainer | undefined {
  return CONTAINER_NAMES.find(name => CONTAINERS[name].matches(bytes))
}

/**
 * Reads the properties of a video from its headers, and checks that all of its elements are there. Decodes nothing.
 *
 * @throws MediaError when it is truncated, malformed, or has no video track
 */
export async function readVideo(input: MediaInput, container: VideoContainer): Promise<Video> {
  const { mimeType, read } = CONTAINERS[container]
  return { mimeType, extension: container, ...(await read(openByteSource(input))) }
}
