import type { Generation } from '@darkroom/contracts/generation'
import type { MediaRef } from '../../lightbox/gallery.ts'
import { isVisible } from '../../lightbox/is-visible.ts'
import type { GenerationWindow, Row } from '../../store/generation-window.ts'

/** A selected output, with its generation as it was when it was selected or changed last. */
export interface SelectedOutput extends MediaRef {
  generation: Generation
}

/** The selected outputs by `mediaKey`, in the order in which they were selected. */
export type SelectedOutputs = ReadonlyMap<string, SelectedOutput>

export function mediaKey({ key, index }: MediaRef): string {
  return `${key} ${index}`
}

/** Lists the outputs of generations that can be selected, in the order in which the feed shows them. */
export function listSelectable(generations: readonly Generation[]): SelectedOutput[] {
  return generations.flatMap(generation =>
    generation.outputs.filter(isVisible).map(({ index }) => ({ key: generation.clientId, index, generation })),
  )
}

/** Lists the outputs from one to another, both included, among those of the loaded rows. Without the first it is the second alone. */
export function listRange(rows: readonly Row[], from: MediaRef | undefined, to: MediaRef): SelectedOutput[] {
  const all = listSelectable(rows.filter(row => row.delivery === null).map(row => row.generation))
  const indexOf = (media: MediaRef | undefined) =>
    media === undefined ? -1 : all.findIndex(other => mediaKey(other) === mediaKey(media))
  const [start, end] = [indexOf(from), indexOf(to)]
  if (end < 0) return []
  return start < 0 ? all.slice(end, end + 1) : all.slice(Math.min(start, end), Math.max(start, end) + 1)
}

/** Updates the selected outputs by the window: those that cannot be shown any more, or have left the list, are left out. */
export function refreshSelected(selected: SelectedOutputs, window: GenerationWindow): SelectedOutputs {
  const refreshed = [...selected].flatMap(([id, output]) => {
    const generation = window.byKey.get(output.key)?.generation ?? output.generation
    if (isRemoved(window, generation)) return []
    const isLeft = generation.outputs.some(shown => shown.index === output.index && isVisible(shown))
    if (!isLeft) return []
    return [[id, generation === output.generation ? output : { ...output, generation }] as const]
  })
  const isSame = refreshed.length === selected.size && refreshed.every(([id, output]) => selected.get(id) === output)
  return isSame ? selected : new Map(refreshed)
}

/** Returns whether a generation has left the list of the window, in which it may not be loaded. */
function isRemoved(
  { byKey, purgedIds, deletedVersions }: GenerationWindow,
  { id, clientId, version }: Generation,
): boolean {
  return purgedIds.has(id) || (!byKey.has(clientId) && version <= (deletedVersions.get(clientId) ?? 0))
}
