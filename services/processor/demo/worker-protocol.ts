/** Messages between the demo provider and its render worker, and the constants that both need. Imports nothing. */

/** Side of the square that each reference is scaled to before it is sent to the worker, in pixels. */
export const REFERENCE_SIDE = 64

/** Choices of the mood setting; the first is the default, and adds no hints to those of the prompt. */
export const MOODS = ['from the words', 'calm', 'bright', 'dusk', 'night', 'fog', 'storm'] as const
export type Mood = (typeof MOODS)[number]

/** The complete input of an image: the same request gives the same bytes. */
export interface RenderRequest {
  prompt: string
  seed: number
  /** Index of the output in its generation, from 0. */
  index: number
  width: number
  height: number
  /** Film grain, 0 to 1. */
  grain: number
  /** One of `MOODS`; any other text adds no hints. */
  mood: string
  /** References as RGB of `REFERENCE_SIDE` × `REFERENCE_SIDE` pixels, a byte per channel. */
  references: readonly Uint8Array[]
}

/** A message of the worker: the share of the image that is done (0 to 1), or its RGB pixels. */
export type WorkerMessage = { kind: 'progress'; share: number } | { kind: 'done'; pixels: Uint8Array<ArrayBuffer> }
