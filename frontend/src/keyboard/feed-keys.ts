import type { Generation } from '@darkroom/contracts/generation'
import type { Library } from '../library/library-state.ts'
import type { ListSelection } from '../library/selection/create-selection.ts'
import type { SelectionControl } from '../library/selection/selection-control.ts'
import { findMedia, type MediaItem, type MediaRef } from '../lightbox/gallery.ts'
import { formatFileName } from '../lightbox/media-file-name.ts'
import type { Notices } from '../ui/notices.ts'
import { saveFile } from '../ui/save-file.ts'
import type { KeyAction } from './key-bindings.ts'
import type { RowFocus } from './row-focus.ts'

export interface FeedKeysOptions {
  rowFocus: RowFocus
  library: Pick<Library, 'setDialog' | 'query'>
  selection: ListSelection
  selectionControl: { runOnSelection: (action: keyof SelectionControl) => boolean }
  notices: Pick<Notices, 'revertLast'>
  density: { selectNext: () => void }
  actions: {
    setFavourite: (generation: Generation, index: number, favourite: boolean) => void
    remove: (generation: Generation) => void
    removeOutput: (generation: Generation, index: number) => void
  }
  showMedia: (media: MediaRef) => void
  useAsReference: (image: { url: string; previewUrl: string | null }) => void
  /** Makes a generation once more, with another seed. */
  again: (generation: Generation) => void
  focusSearch: () => void
}

/** Creates what the keys do. Each function returns whether there was something to do it with. */
export function createFeedKeys(options: FeedKeysOptions): (action: KeyAction) => boolean {
  const { rowFocus, library, selection, notices, density, actions } = options
  const { runOnSelection } = options.selectionControl
  const isTrash = () => library.query().section === 'trash'
  const always = (run: () => void) => () => {
    run()
    return true
  }
  /** Acts on everything that is selected, if anything is. */
  const orSelection = (action: keyof SelectionControl, run: () => boolean) => () => runOnSelection(action) || run()
  /** Runs an action unless the trash is open: what is in it is restored first. */
  const unlessTrash = (run: () => boolean) => () => !isTrash() && run()
  /** Acts on the output with the focus, or the first one of its row. */
  const onMedia = (act: (media: MediaItem) => void) => () => {
    const focused = rowFocus.findFocused()
    const index = focused?.index ?? focused?.row.generation.outputs.find(({ url }) => url !== null)?.index ?? 0
    const media = findMedia(focused?.row, index)
    if (media) act(media)
    return media !== undefined
  }

  function open({ key, index }: MediaItem) {
    if (selection.isActive()) selection.toggle({ key, index }, false)
    else options.showMedia({ key, index })
  }

  function download(media: MediaItem) {
    saveFile(media.url, formatFileName(media))
  }

  function attach({ url, output }: MediaItem) {
    if (output.kind === 'image') options.useAsReference({ url, previewUrl: output.previewUrl })
  }

  function toggleFavourite({ generation, index, output }: MediaItem) {
    if (!isTrash()) actions.setFavourite(generation, index, !output.favourite)
  }

  /** Deletes the output with the focus, or the whole generation if it is not on one. The focus goes to the row that follows. */
  function remove(): boolean {
    const focused = rowFocus.findFocused()
    if (!focused || focused.row.delivery !== null || isTrash()) return false
    const { key, generation } = focused.row
    const next = rowFocus.findNeighbourKey(key, 1) ?? rowFocus.findNeighbourKey(key, -1)
    if (focused.index === null) actions.remove(generation)
    else actions.removeOutput(generation, focused.index)
    queueMicrotask(() => void rowFocus.focusRow(isStillShown(key) ? key : next))
    return true
  }

  function endSelection(): boolean {
    const isActive = selection.isActive()
    selection.clear()
    return isActive
  }

  const runs: Record<KeyAction, () => boolean> = {
    search: always(options.focusSearch),
    date: always(() => library.setDialog('date')),
    keys: always(() => library.setDialog('keys')),
    density: always(density.selectNext),
    revert: () => notices.revertLast(),
    leave: endSelection,
    'next-row': always(() => void rowFocus.moveBy(1)),
    'previous-row': always(() => void rowFocus.moveBy(-1)),
    open: onMedia(open),
    favourite: orSelection('favourite', onMedia(toggleFavourite)),
    download: orSelection('download', onMedia(download)),
    reference: orSelection('reference', unlessTrash(onMedia(attach))),
    again: unlessTrash(onMedia(({ generation }) => options.again(generation))),
    remove: orSelection('remove', remove),
    select: onMedia(media => selection.toggle(media, false)),
    'select-range': onMedia(media => selection.toggle(media, true)),
    'select-loaded': always(selection.selectLoaded),
    invert: () => selection.isActive() && always(selection.invert)(),
  }
  return action => runs[action]()
}

function isStillShown(key: string): boolean {
  return document.querySelector(`article[data-key="${key}"]`) !== null
}
