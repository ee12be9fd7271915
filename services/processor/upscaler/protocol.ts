/**
 * Headers of the frames that the processor and the upscaler's process send each other. The process has one argument: the folder of the
 * installed packages.
 */

export const SCALES = [2, 4] as const
export type Scale = (typeof SCALES)[number]

/** A request; the body of its frame is the encoded image. One at a time. */
export interface UpscaleRequest {
  scale: Scale
}

/** A response. The body of `done` is the encoded result. */
export type UpscaleResponse =
  | { kind: 'ready' }
  | { kind: 'progress'; share: number }
  | { kind: 'done' }
  | { kind: 'failed'; message: string }

/** Longest side of a result, in pixels. */
export const MAX_RESULT_SIDE = 16_384
/** Largest area of a result, in pixels: 6144 by 4096 are within it. Its memory is bounded by this. */
export const MAX_RESULT_PIXELS = 33_554_432
/** Longest body of a frame, in bytes: no PNG of as many pixels is larger. */
export const MAX_BODY_BYTES = MAX_RESULT_PIXELS * 4 + 1024 * 1024
