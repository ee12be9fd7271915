/** What a picture is looked at on, in the lightbox: none of them tints it. */
export const BACKDROPS = ['black', 'grey', 'white'] as const
export type Backdrop = (typeof BACKDROPS)[number]
