import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'
import type { Row } from '../store/generation-window.ts'
import { isVisible } from './is-visible.ts'

/** Reference to an output of the feed. */
export interface MediaRef {
  /** Key of the row. */
  key: string
  index: number
  /** The generation, if it is shown without being in the window of the feed: a parent far above. */
  generation?: Generation | undefined
}

/** A longer prompt is cut where it describes an output. */
const MAX_DESCRIBED_CHARACTERS = 300

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
 * Finds the output to show when the one that was shown has been removed, alone or with its row: the next one that is left, else the
 * one before.
 *
 * @param before the rows before the removal
 * @returns undefined if no output is left
 */
export function findReplacement(
  before: readonly Row[],
  now: ReadonlyMap<string, Row>,
  at: MediaRef,
): MediaRef | undefined {
  const media = before.flatMap(({ key, generation }) => generation.outputs.map(({ index }) => ({ key, index })))
  const position = media.findIndex(({ key, index }) => key === at.key && index === at.index)
  const isLeft = ({ key, index }: MediaRef) => findMedia(now.get(key), index) !== undefined
  return media.slice(position + 1).find(isLeft) ?? media.slice(0, Math.max(position, 0)).findLast(isLeft)
}

/** Lists the outputs of a generation that can be shown. */
export function listMedia(generation: Generation | undefined): MediaItem[] {
  if (!generation) return []
  const row = { key: generation.clientId, sortKey: '', generation, delivery: null }
  return generation.outputs.flatMap(({ index }) => findMedia(row, index) ?? [])
}

/** Describes an output for screen readers: its number and its prompt. */
export function describeMedia({ generation, output, index }: MediaItem): string {
  const name = output.kind === 'video' ? 'Video' : 'Picture'
  return `${name} ${index + 1} of ${generation.outputs.length}: ${generation.prompt.slice(0, MAX_DESCRIBED_CHARACTERS)}`
}
