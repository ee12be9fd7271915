import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'
import type { Row } from '../store/generation-window.ts'

/** Which picture of the feed: an output of a row. */
export interface MediaRef {
  key: string
  index: number
}

export interface MediaItem extends MediaRef {
  generation: Generation
  output: Output
  url: string
}

/** The picture that a reference stands for; undefined if it is not there (any more). */
export function findMedia(row: Row | undefined, index: number): MediaItem | undefined {
  const output = row?.generation.outputs[index]
  if (!row || !output || !isVisible(output)) return undefined
  return { key: row.key, index, generation: row.generation, output, url: output.url }
}

/**
 * The picture so many steps before or after another one, through all pictures of the feed in their order.
 *
 * @returns undefined beyond either end
 */
export function findNeighbour(rows: readonly Row[], at: MediaRef, step: number): MediaRef | undefined {
  const media = rows.flatMap(({ key, generation }) =>
    generation.outputs.filter(isVisible).map(output => ({ key, index: output.index })),
  )
  const current = media.findIndex(picture => picture.key === at.key && picture.index === at.index)
  return current < 0 ? undefined : media[current + step]
}

/**
 * The picture to look at when the row of the one that was shown is gone: the first of the next row that is left, else the last
 * of one before.
 *
 * @param before the rows while it was there
 * @returns undefined if no picture is left
 */
export function findReplacement(
  before: readonly Row[],
  now: ReadonlyMap<string, Row>,
  at: MediaRef,
): MediaRef | undefined {
  const index = before.findIndex(row => row.key === at.key)
  const mediaOf = ({ key }: Row) =>
    (now.get(key)?.generation.outputs ?? []).filter(isVisible).map(output => ({ key, index: output.index }))
  const after = before.slice(index + 1).find(row => mediaOf(row).length > 0)
  const earlier = before.slice(0, Math.max(index, 0)).findLast(row => mediaOf(row).length > 0)
  return after ? mediaOf(after)[0] : earlier && mediaOf(earlier).at(-1)
}

/** Whether an output can be looked at. */
export function isVisible(output: Output): output is Output & { url: string } {
  return output.url !== null && output.state !== 'lost' && output.state !== 'failed'
}

/** The name that a downloaded picture gets: the beginning of its prompt, its number, its type. */
export function formatFileName({ generation, output, index }: MediaItem): string {
  const words = generation.prompt
    .toLowerCase()
    .normalize('NFKD')
    .match(/[a-z0-9]+/g)
  const stem = words?.slice(0, 8).join('-').slice(0, 60) ?? 'picture'
  const extension = /\.([a-z0-9]{2,5})$/.exec(output.url ?? '')?.[1] ?? output.mimeType?.split('/')[1] ?? 'png'
  return `${stem}-${index + 1}.${extension}`
}
