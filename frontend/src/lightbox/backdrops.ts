/** What a picture is looked at on, in the lightbox: none of them tints it. */
export const GROUNDS = ['black', 'grey', 'white'] as const
export type Ground = (typeof GROUNDS)[number]
