import { LIMITS } from '@darkroom/contracts/limits'
import type { Api } from '../../api.ts'
import { findMedia, type MediaItem } from '../../lightbox/gallery.ts'
import { describeProblem } from '../../request-error.ts'
import { withFavourite } from '../../store/generation-actions.ts'
import type { GenerationStore } from '../../store/generation-store.ts'
import { withoutOutput } from '../../store/removal-actions.ts'
import { repeatRequest } from '../../store/repeat-request.ts'
import type { NoticeAction } from '../../ui/notices.ts'
import type { ListSelection } from './create-selection.ts'
import { type LimitedResults, runLimited } from './run-limited.ts'
import { groupByGeneration, type SelectedGeneration } from './selected-groups.ts'
import type { SelectedOutput } from './selected-outputs.ts'

export interface SelectionActionsOptions {
  api: Pick<Api, 'remove' | 'restore' | 'removeOutput' | 'restoreOutput' | 'setFavourite'>
  store: Pick<GenerationStore, 'receive' | 'updateOptimistically' | 'hideOptimistically'>
  selection: ListSelection
  useAsReference: (image: { url: string; previewUrl: string | null }) => void
  notify: (message: string, action?: NoticeAction) => void
}

const MAX_REQUESTS = 6

/** Creates the actions on everything that is selected. Each has one notice, with one action that reverts all of it. */
export function createSelectionActions(options: SelectionActionsOptions) {
  const { api, store, selection, notify } = options

  /** Marks all selected outputs as favourites, or removes the marks if all have one. */
  async function toggleFavourites() {
    const outputs = [...selection.selected().values()]
    const favourite = !outputs.every(isFavourite)
    const { errors, results } = await runLimited(outputs, MAX_REQUESTS, output => setFavourite(output, favourite))
    notify(summarize(results.length, favourite ? 'added to the favourites' : 'removed from the favourites', errors))
  }

  function setFavourite({ key, index, generation }: SelectedOutput, favourite: boolean) {
    const request = () => repeatRequest(() => api.setFavourite(generation.id, { outputIndex: index, favourite }))
    return store.updateOptimistically(key, shown => withFavourite(shown, index, favourite), request)
  }

  /** Deletes the selected outputs: generations of which nothing else is left as a whole. */
  async function remove() {
    const groups = groupByGeneration(selection.selected())
    selection.clear()
    const hidden = store.hideOptimistically(wholeOf(groups).map(({ generation }) => generation))
    const removed = await runLimited(groups, MAX_REQUESTS, async group => {
      await removeGroup(group, hidden)
      return group
    })
    notifyOf(removed, 'deleted', restoreGroup)
  }

  async function removeGroup({ generation, indexes, isWhole }: SelectedGeneration, hidden: HiddenRows) {
    if (isWhole) return await hidden.during(generation, () => repeatRequest(() => api.remove(generation.id)))
    for (const index of indexes) {
      const request = () => repeatRequest(() => api.removeOutput(generation.id, index))
      await store.updateOptimistically(generation.clientId, shown => withoutOutput(shown, index), request)
    }
  }

  async function restoreGroup({ generation: { id }, indexes, isWhole }: SelectedGeneration) {
    if (isWhole) return store.receive(await repeatRequest(() => api.restore(id)))
    for (const index of indexes) store.receive(await repeatRequest(() => api.restoreOutput(id, index)))
  }

  /** Restores the generations of the selected outputs from the trash. */
  async function restore() {
    const groups = groupByGeneration(selection.selected())
    selection.clear()
    const hidden = store.hideOptimistically(groups.map(({ generation }) => generation))
    const restored = await runLimited(groups, MAX_REQUESTS, async group => {
      const { generation } = group
      await hidden.during(generation, async () => void (await repeatRequest(() => api.restore(generation.id))))
      return group
    })
    notifyOf(restored, 'restored', ({ generation }) => repeatRequest(() => api.remove(generation.id)))
  }

  /** Shows one notice about all, with the action that reverts it. */
  function notifyOf(
    { results, errors }: LimitedResults<SelectedGeneration>,
    done: string,
    revert: (group: SelectedGeneration) => Promise<unknown>,
  ) {
    const count = results.reduce((sum, { indexes }) => sum + indexes.length, 0)
    const run = async () => {
      const reverted = await runLimited(results, MAX_REQUESTS, revert)
      notify(reverted.errors.length === 0 ? 'Undone.' : summarize(reverted.results.length, 'undone', reverted.errors))
    }
    const id = results[0]?.generation.id
    notify(summarize(count, done, errors), id ? { label: 'Undo', run: () => void run(), generationId: id } : undefined)
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

function wholeOf(groups: readonly SelectedGeneration[]): SelectedGeneration[] {
  return groups.filter(({ isWhole }) => isWhole)
}

/** Summarizes many requests in one or two sentences: `5 pictures deleted. 2 could not be: the studio cannot be reached.` */
function summarize(count: number, done: string, errors: readonly unknown[]): string {
  const success = count > 0 ? `${count.toLocaleString('en')} picture${count === 1 ? '' : 's'} ${done}.` : ''
  const [first] = errors
  const failure = first === undefined ? '' : `${errors.length} could not be ${done}: ${describeProblem(first)}`
  return [success, failure].filter(text => text !== '').join(' ')
}
