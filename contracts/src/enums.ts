/** The enumerations that several parts of the studio share. Free of schemas, so the browser loads no zod with them. */

export const STATUSES = ['queued', 'processing', 'uploading', 'completed', 'failed', 'cancelled'] as const
export type Status = (typeof STATUSES)[number]

export const OUTPUT_STATES = ['pending', 'saving', 'stored', 'temporary', 'lost', 'failed', 'deleted'] as const
export type OutputState = (typeof OUTPUT_STATES)[number]

export const KINDS = ['image', 'video'] as const
export type Kind = (typeof KINDS)[number]

export const ASPECT_RATIOS = ['1:1', '4:3', '3:4', '3:2', '2:3', '16:9', '9:16', '21:9'] as const
export type AspectRatio = (typeof ASPECT_RATIOS)[number]

/** Side of the square that has the area of the image, in pixels. */
export const RESOLUTIONS = [512, 1024, 2048] as const
export type Resolution = (typeof RESOLUTIONS)[number]

/** The kinds of providers that are part of the studio: no connection to them is added. */
export const BUILT_IN_KINDS = ['demo', 'fake'] as const
