/** Every closed list that more than one part of the studio must agree on. Free of schemas, so that it costs a browser nothing. */

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
