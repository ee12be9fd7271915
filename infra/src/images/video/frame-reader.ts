import pLimit from 'p-limit'
import { MediaError } from '../media-error.ts'
import type { VideoContainer } from './video.ts'

/** Reads frames of videos by ffmpeg, a program that is installed or not. */
export interface FrameReader {
  /**
   * Returns the first frame of a video, as a PNG of at most 1,920 × 1,920 pixels.
   *
   * @throws MediaError when there is none that ffmpeg can decode in time, or the frame is too large; the signal's reason
   */
  readFirst(video: { path: string; container: VideoContainer }, signal: AbortSignal): Promise<Uint8Array>
}

export interface FrameReaderOptions {
  /** Path of the program. */
  program: string
  /** Environment of the program: no setting and no secret. */
  env: Record<string, string>
  /** Time limit of one video, in ms; 20,000 unless given. */
  deadlineMs?: number
}

/** Value of FFMPEG_PATH that switches ffmpeg off. */
const OFF = 'off'
const DEADLINE_MS = 20_000
/** Videos that are read at once: beside them, images are decoded. */
const CONCURRENCY = 2
const MAX_FRAME_BYTES = 16 * 1024 * 1024
const MAX_EDGE = 1_920
/** 4096 × 2304: a decoder has memory for sixteen frames. */
const MAX_PIXELS = 9_437_184
const MAX_ALLOCATED_BYTES = 256 * 1024 * 1024
/** Demuxers by container. ffmpeg does not choose one itself: playlists and other formats name further files. */
const DEMUXERS: Record<VideoContainer, string> = { mp4: 'mp4', webm: 'matroska' }
/** Codecs that models make and browsers play. The decoders of old formats are those with errors. */
const CODECS = 'h264,hevc,av1,libdav1d,libaom-av1,vp8,libvpx,vp9,libvpx-vp9,mpeg4'
/** Limits that hold even where this process is gone: of the processor time in seconds, and the address space in KiB. */
const LIMITS = 'ulimit -t 30 2>/dev/null; ulimit -v 4194304 2>/dev/null; exec "$@"'

/** Finds ffmpeg by the setting FFMPEG_PATH; undefined if it is not installed, or switched off. */
export function findFfmpeg(setting: string): string | undefined {
  return setting === OFF ? undefined : (Bun.which(setting) ?? undefined)
}

/** Opens a reader. Each video is read by a process of its own, with nothing of a video in its arguments but the path of the file. */
export function openFrameReader(options: FrameReaderOptions): FrameReader {
  const limit = pLimit(CONCURRENCY)
  return {
    readFirst: (video, signal) =>
      limit(async () => {
        signal.throwIfAborted()
        return await readFirst(options, video, signal)
      }),
  }
}

async function readFirst(
  { program, env, deadlineMs = DEADLINE_MS }: FrameReaderOptions,
  { path, container }: { path: string; container: VideoContainer },
  signal: AbortSignal,
): Promise<Uint8Array> {
  await using child = Bun.spawn(['/bin/sh', '-c', LIMITS, 'sh', program, ...createArguments(path, container)], {
    env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    signal,
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_FRAME_BYTES,
  })
  const [frame, messages, code] = await Promise.all([child.stdout.bytes(), child.stderr.text(), child.exited])
  signal.throwIfAborted()
  if (code === 0 && frame.byteLength > 0) return frame
  const reason = child.signalCode ?? `code ${code}`
  const cause = new Error(`ffmpeg ended with ${reason}: ${messages.trim().slice(-300)}`)
  throw new MediaError('unfit', 'is a video of which no frame could be read', { cause })
}

function createArguments(path: string, container: VideoContainer): string[] {
  return [
    ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-max_alloc', String(MAX_ALLOCATED_BYTES)],
    ...['-protocol_whitelist', 'file,pipe', '-codec_whitelist', CODECS, '-max_pixels', String(MAX_PIXELS)],
    ...['-threads', '1', '-f', DEMUXERS[container], '-i', `file:${path}`],
    ...['-map', '0:v:0', '-frames:v', '1', '-an', '-sn', '-dn', '-map_metadata', '-1'],
    ...['-vf', `scale=w='min(${MAX_EDGE},iw)':h='min(${MAX_EDGE},ih)':force_original_aspect_ratio=decrease`],
    ...['-pix_fmt', 'rgb24', '-threads', '1', '-c:v', 'png', '-f', 'image2pipe', 'pipe:1'],
  ]
}
