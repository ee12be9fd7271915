import { readChunks, safeGet } from '@darkroom/infra/http/safe-get/safe-get'
import { OUTPUT_LIMITS } from '@darkroom/infra/images/check-image'
import type { DecodeOptions, ImageDecoder } from '@darkroom/infra/images/decoder/image-decoder'
import type { DecodedImage } from '@darkroom/infra/images/image'
import type { MediaInput } from '@darkroom/infra/images/media-input'
import type { FrameReader } from '@darkroom/infra/images/video/frame-reader'
import type { VideoContainer } from '@darkroom/infra/images/video/video'
import type { Log } from '@darkroom/infra/log'
import type { DownloadableOutput, DownloadDeps } from './download.ts'
import type { FindFirstFrame } from './first-frame.ts'

export interface PosterDeps extends Pick<DownloadDeps, 'access' | 'allowOrigins' | 'spool'> {
  images: Pick<ImageDecoder, 'read'>
  /** Absent: there is no ffmpeg. */
  frames?: FrameReader | undefined
  /** Absent: no input image becomes a poster. */
  findFirstFrame?: FindFirstFrame
  log?: Pick<Log, 'info'>
}

/** A video that is being stored. */
export interface PosterSubject {
  workspaceId: string
  generationId: string
  output: DownloadableOutput
  body: MediaInput
  container: VideoContainer
}

/** The image that stands for a video: previews and a placeholder, as an image has them. */
export type Poster = Pick<DecodedImage, 'previews' | 'placeholder'>

/** Time limit of all that is tried for one poster, in ms: a finished video waits for it. */
const DEADLINE_MS = 45_000
const FETCH_DEADLINE_MS = 20_000
/** It is held in memory, beside what is reserved for outputs. */
const MAX_POSTER_BYTES = 8 * 1024 * 1024

type Source = (deps: PosterDeps, subject: PosterSubject, signal: AbortSignal) => Promise<MediaInput | undefined>

/** The sources of a poster, the best first. */
const SOURCES: Readonly<Record<string, Source>> = {
  frame: readFrame,
  provider: fetchPoster,
  input: async ({ findFirstFrame }, subject, signal) => await findFirstFrame?.(subject, signal),
}

/**
 * Makes the poster of a video: of its first frame, else of the image that its provider names, else of the image that it was to begin with.
 *
 * @returns undefined if there is none of these, or none that can be decoded: that fails no output
 * @throws the signal's reason once it is aborted
 */
export async function makePoster(
  deps: PosterDeps,
  subject: PosterSubject,
  options: DecodeOptions,
): Promise<Poster | undefined> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(DEADLINE_MS)])
  for (const [source, read] of Object.entries(SOURCES)) {
    try {
      const image = await read(deps, subject, signal)
      if (image) return await deps.images.read(image, OUTPUT_LIMITS, { ...options, signal })
    } catch (err) {
      options.signal.throwIfAborted()
      const ids = { generation: subject.generationId, output: subject.output.index, source }
      deps.log?.info({ err, ...ids }, 'poster_not_made')
    }
  }
  return undefined
}

/** Reads a frame of the file. A video in memory is written to one: its index may be at its end. */
async function readFrame(
  { frames, spool }: PosterDeps,
  { body, container }: PosterSubject,
  signal: AbortSignal,
): Promise<MediaInput | undefined> {
  if (!frames) return undefined
  if (!(body instanceof Uint8Array)) return await frames.readFirst({ path: body.path, container }, signal)
  await using file = await spool.write(oneChunk(body))
  return await frames.readFirst({ path: file.path, container }, signal)
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function fetchPoster(
  { allowOrigins, access }: PosterDeps,
  { output }: PosterSubject,
  signal: AbortSignal,
): Promise<MediaInput | undefined> {
  if (output.kind !== 'url' || output.posterUrl === undefined) return undefined
  const { posterUrl, needsAuth = false } = output
  const origins = [...allowOrigins, ...(access?.origins ?? [])]
  const headers = needsAuth && access?.origins.includes(new URL(posterUrl).origin) ? access.headers : {}
  const limits = { maxBytes: MAX_POSTER_BYTES, deadlineMs: FETCH_DEADLINE_MS, signal, allowOrigins: origins, headers }
  const response = await safeGet(posterUrl, limits)
  return Buffer.concat(await Array.fromAsync(readChunks(response, signal)))
}
