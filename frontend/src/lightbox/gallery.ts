import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'
import type { Row } from '../store/generation-window.ts'

/** Reference to an output of the feed. */
export interface MediaRef {
  /** Key of the row. */
  key: string
  index: number
}

/** An output of the feed that can be shown, with its generation. */
export interface MediaItem extends MediaRef {
  generation: Generation
  output: Output
  url: string
}

/** Returns the output of a row; undefined if there is none, or if it cannot be shown (any more). */
export function findMedia(row: Row | undefined, index: number): MediaItem | undefined {
  const output = row?.generation.outputs[index]
  if (!row || !output || !isVisible(output)) return undefined
  return { key: row.key, index, generation: row.generation, output, url: output.url }
}

/**
 * Finds the output that is a number of steps before or after another one, among all of the feed in their order.
 *
 * @returns undefined beyond either end
 */
export function findNeighbour(rows: readonly Row[], at: MediaRef, step: number): MediaRef | undefined {
  const media = rows.flatMap(({ key, generation }) =>
    generation.outputs.filter(isVisible).map(output => ({ key, index: output.index })),
  )
  const current = media.findIndex(({ key, index }) => key === at.key && index === at.index)
  return current < 0 ? undefined : media[current + step]
}

/**
 * Finds the output to show when the row of the one that was shown has been removed: the first of the next row that is left,
 * else the last of a row before.
 *
 * @param before the rows before the removal
 * @returns undefined if no output is left
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

/** Checks whether an output can be shown. */
export function isVisible(output: Output): output is Output & { url: string } {
  return output.url !== null && output.state !== 'lost' && output.state !== 'failed'
}

/** Returns the file name for a download: the beginning of the prompt, the output's number, its type. */
export function formatFileName({ generation, output, index }: MediaItem): string {
  const words = generation.prompt
    .toLowerCase()
    .normalize('NFKD')
    .match(/[a-z0-9]+/g)
  const stem = words?.slice(0, 8).join('-').slice(0, 60) ?? 'picture'
  const extension = /\.([a-z0-9]{2,5})$/.exec(output.url ?? '')?.[1] ?? output.mimeType?.split('/')[1] ?? 'png'
  return `${stem}-${index + 1}.${extension}`
}
