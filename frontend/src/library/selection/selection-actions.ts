import { LIMITS } from '@darkroom/contracts/limits'
import type { Api } from '../../api.ts'
import { findMedia, type MediaItem } from '../../lightbox/gallery.ts'
import { describeProblem } from '../../request-error.ts'
import { withFavourite } from '../../store/generation-actions.ts'
import type { GenerationStore } from '../../store/generation-store.ts'
import { withoutOutput } from '../../store/removal-actions.ts'
import { repeatRequest } from '../../store/repeat-request.ts'
import type { Notices } from '../../ui/notices.ts'
import type { ListSelection } from './create-selection.ts'
import { runLimited } from './run-limited.ts'
import { groupByGeneration, type SelectedGeneration } from './selected-groups.ts'
import { mediaKey, type SelectedOutput, type SelectedOutputs } from './selected-outputs.ts'

export interface SelectionActionsOptions {
  api: Pick<Api, 'remove' | 'restore' | 'removeOutput' | 'restoreOutput' | 'setFavourite'>
  store: Pick<GenerationStore, 'receive' | 'updateOptimistically' | 'hideOptimistically'>
  selection: ListSelection
  useAsReference: (image: { url: string; previewUrl: string | null }) => void
  notify: Notices['notify']
  runRevertible: Notices['runRevertible']
}

const MAX_REQUESTS = 6

/** Creates the actions on everything that is selected. Each has one notice, with one action that reverts all of it. */
export function createSelectionActions(options: SelectionActionsOptions) {
  const { api, store, selection, notify, runRevertible } = options

  /** Marks all selected outputs as favourites, or removes the marks if all have one. */
  async function toggleFavourites() {
    const outputs = [...selection.selected().values()]
    const favourite = !outputs.every(isFavourite)
    const groups = groupByGeneration(toSelected(outputs.filter(output => isFavourite(output) !== favourite)))
    const running = runEach(groups, singly, part => setFavourites(part, favourite))
    const done = favourite ? 'added to the favourites' : 'removed from the favourites'
    await notifyOf(running, done, part => setFavourites(part, !favourite))
  }

  async function setFavourites({ generation: { id, clientId }, indexes }: SelectedGeneration, favourite: boolean) {
    for (const outputIndex of indexes) {
      const request = () => repeatRequest(() => api.setFavourite(id, { outputIndex, favourite }))
      await store.updateOptimistically(clientId, shown => withFavourite(shown, outputIndex, favourite), request)
    }
  }

  /** Deletes the selected outputs: generations of which nothing else is left as a whole. */
  async function remove() {
    const groups = groupByGeneration(selection.selected())
    selection.clear()
    const hidden = store.hideOptimistically(groups.filter(({ isWhole }) => isWhole).map(({ generation }) => generation))
    const running = runEach(groups, bySize, part => removePart(part, hidden))
    await notifyOf(running, 'deleted', restorePart)
  }

  async function removePart({ generation, indexes, isWhole }: SelectedGeneration, hidden: HiddenRows) {
    if (isWhole) return await hidden.during(generation, () => repeatRequest(() => api.remove(generation.id)))
    for (const index of indexes) {
      const request = () => repeatRequest(() => api.removeOutput(generation.id, index))
      await store.updateOptimistically(generation.clientId, shown => withoutOutput(shown, index), request)
    }
  }

  async function restorePart({ generation: { id }, indexes, isWhole }: SelectedGeneration) {
    if (isWhole) return store.receive(await repeatRequest(() => api.restore(id)))
    for (const index of indexes) store.receive(await repeatRequest(() => api.restoreOutput(id, index)))
  }

  /** Restores the generations of the selected outputs from the trash. */
  async function restore() {
    const groups = groupByGeneration(selection.selected()).map(group => ({ ...group, isWhole: true }))
    selection.clear()
    const hidden = store.hideOptimistically(groups.map(({ generation }) => generation))
    const running = runEach(groups, bySize, async ({ generation }) => {
      await hidden.during(generation, async () => void (await repeatRequest(() => api.restore(generation.id))))
    })
    await notifyOf(running, 'restored', ({ generation }) => repeatRequest(() => api.remove(generation.id)))
  }

  /** Shows one notice about all that is running, once it is done, with the action that reverts exactly what was done. */
  function notifyOf(running: Promise<Outcome>, done: string, revert: (part: SelectedGeneration) => Promise<unknown>) {
    const run = async (reverted: readonly SelectedGeneration[]) => {
      const result = await runEach(reverted, bySize, revert)
      if (result.left.length === 0) return notify('Undone.')
      notify(summarize(result, 'undone'), { label: 'Try again', run: () => void run(result.left) })
    }
    return runRevertible(async () => {
      const outcome = await running
      const { parts } = outcome
      const id = parts[0]?.generation.id
      const action = id ? { label: 'Undo', run: () => void run(parts), generationId: id } : null
      return { message: summarize(outcome, done), action }
    })
  }

  /** Attaches the selected images to the draft as references. */
  function useAsReferences() {
    attachImages(listImages([...selection.selected().values()]), options)
    selection.clear()
  }

  return { toggleFavourites, remove, restore, useAsReferences }
}

/** Attaches images as references: as many as a generation can have, since each is uploaded. */
function attachImages(
  images: readonly MediaItem[],
  { useAsReference, notify }: Pick<SelectionActionsOptions, 'useAsReference' | 'notify'>,
) {
  const most = LIMITS.references
  for (const { url, output } of images.slice(0, most)) useAsReference({ url, previewUrl: output.previewUrl })
  const count = images.length.toLocaleString('en')
  if (images.length > most) notify(`The first ${most} of ${count} are attached: no model takes more.`)
}

function listImages(outputs: readonly SelectedOutput[]): MediaItem[] {
  const media = outputs.flatMap(
    ({ key, index, generation }) => findMedia({ key, sortKey: '', generation, delivery: null }, index) ?? [],
  )
  return media.filter(({ output }) => output.kind === 'image')
}

type HiddenRows = ReturnType<GenerationStore['hideOptimistically']>

/** Returns whether a selected output is a favourite. */
export function isFavourite({ generation, index }: SelectedOutput): boolean {
  return generation.outputs.some(output => output.index === index && output.favourite)
}

function toSelected(outputs: readonly SelectedOutput[]): SelectedOutputs {
  return new Map(outputs.map(output => [mediaKey(output), output]))
}

/** Outcome of requests for parts of generations: those that were done, those that are left, and why. */
interface Outcome {
  parts: SelectedGeneration[]
  left: SelectedGeneration[]
  errors: unknown[]
}

/**
 * Runs a request for each part of the selected generations: side by side, but one after the other for the parts of one generation. One
 * that fails does not stop the others.
 */
async function runEach(
  groups: readonly SelectedGeneration[],
  split: (group: SelectedGeneration) => SelectedGeneration[],
  request: (part: SelectedGeneration) => Promise<unknown>,
): Promise<Outcome> {
  const outcome: Outcome = { parts: [], left: [], errors: [] }
  await runLimited(
    Object.values(Object.groupBy(groups, ({ generation }) => generation.id)),
    MAX_REQUESTS,
    async same => {
      for (const part of (same ?? []).flatMap(split)) {
        try {
          await request(part)
          outcome.parts.push(part)
        } catch (error) {
          outcome.left.push(part)
          outcome.errors.push(error)
        }
      }
    },
  )
  return outcome
}

/** Splits selected outputs into one part each. */
function singly(group: SelectedGeneration): SelectedGeneration[] {
  return group.indexes.map(index => ({ ...group, indexes: [index] }))
}

/** Splits selected outputs into one part each, and leaves a whole generation one part. */
function bySize(group: SelectedGeneration): SelectedGeneration[] {
  return group.isWhole ? [group] : singly(group)
}

/** Summarizes many requests in one or two sentences: `5 pictures deleted. 2 could not be deleted: the studio cannot be reached.` */
function summarize({ parts, left, errors }: Outcome, done: string): string {
  const [count, failed] = [countOutputs(parts), countOutputs(left)]
  const success = count > 0 ? `${count.toLocaleString('en')} picture${count === 1 ? '' : 's'} ${done}.` : ''
  const failure =
    failed === 0 ? '' : `${failed.toLocaleString('en')} could not be ${done}: ${describeProblem(errors[0])}`
  return [success, failure].filter(text => text !== '').join(' ')
}

function countOutputs(parts: readonly SelectedGeneration[]): number {
  return parts.reduce((sum, { indexes }) => sum + indexes.length, 0)
}
