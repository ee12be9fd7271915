import type { PhotographOptions } from '../kit/photograph.ts'

/** Photographs of one size. */
export interface ImageSet extends PhotographOptions {
  name: string
}

export const IMAGE_SETS: readonly ImageSet[] = [
  { name: '0.8 MB', width: 1_700, height: 1_275, quality: 88, grain: 56 },
  { name: '10 MB', width: 5_340, height: 4_005, quality: 92, grain: 56 },
]

/** Images that are given at once. */
export const AT_ONCE = 16

/** Returns the set of a name. @throws Error if there is none */
export function findImageSet(name: string | undefined): ImageSet {
  const set = IMAGE_SETS.find(set => set.name === name)
  if (!set) throw new Error(`no set of images is named ${name}`)
  return set
}
