/**
 * The words the studio is written in: every closed list and every limit that more than one room must agree on.
 * Free of schemas, so that a browser pays for these few lines and nothing else.
 */

export const STATUSES = ['queued', 'processing', 'uploading', 'completed', 'failed', 'cancelled'] as const
export type Status = (typeof STATUSES)[number]

export const OUTPUT_STATES = ['pending', 'saving', 'stored', 'temporary', 'lost', 'failed'] as const
export type OutputState = (typeof OUTPUT_STATES)[number]

export const KINDS = ['image', 'video'] as const
export type Kind = (typeof KINDS)[number]

export const ASPECT_RATIOS = ['1:1', '4:3', '3:4', '3:2', '2:3', '16:9', '9:16', '21:9'] as const
export type AspectRatio = (typeof ASPECT_RATIOS)[number]

/** Side, in pixels, of the square that has the picture's area. */
export const RESOLUTIONS = [512, 1024, 2048] as const
export type Resolution = (typeof RESOLUTIONS)[number]

/** Widths, in pixels, of the previews kept beside every picture. The first is for thumbnails, the last for the feed. */
export const PREVIEW_WIDTHS = [320, 960] as const
export type PreviewWidth = (typeof PREVIEW_WIDTHS)[number]

export const LIMITS = {
  promptCharacters: 32_000,
  outputs: 10,
  references: 16,
  referenceBytes: 20_000_000,
  referencePixels: 50_000_000,
  jsonBytes: 32 * 1024 * 1024,
  urlCharacters: 2_048,
  errorCharacters: 500,
  pageRows: 100,
} as const
