import { type Accessor, createEffect, createSignal, on } from 'solid-js'
import type { MediaRef } from '../../lightbox/gallery.ts'
import type { FetchPage } from '../../store/feed-location.ts'
import type { GenerationWindow } from '../../store/generation-window.ts'
import { type ListQuery, toListParameters } from '../list-query.ts'
import {
  listRange,
  listSelectable,
  mediaKey,
  refreshSelected,
  type SelectedOutput,
  type SelectedOutputs,
} from './selected-outputs.ts'
import type { Selection } from './selection.ts'

export interface SelectionOptions {
  generationWindow: Accessor<GenerationWindow>
  query: Accessor<ListQuery>
  fetchPage: FetchPage
}

/** The selection of the list that is open. It outlives paging: an output stays selected when its row is not loaded any more. */
export interface ListSelection extends Selection {
  selected: Accessor<SelectedOutputs>
  /** Selects everything that is loaded. */
  selectLoaded: () => void
  /** Selects of what is loaded all that is not selected, and nothing else. */
  invert: () => void
  /**
   * Selects all outputs of the list, up to `MAX_SELECTED`, page by page.
   *
   * @returns whether there are more
   * @throws RejectedError, UnavailableError
   */
  selectAll: (signal: AbortSignal) => Promise<boolean>
  clear: () => void
}

/** The greatest number of outputs that are selected at once. */
export const MAX_SELECTED = 1_000
const PAGE_ROWS = 100

/** Creates the selection. It ends when another list is opened. */
export function createSelection({ generationWindow, query, fetchPage }: SelectionOptions): ListSelection {
  const [selected, setSelected] = createSignal<SelectedOutputs>(new Map())
  let lastToggled: MediaRef | undefined

  function add(outputs: readonly SelectedOutput[]) {
    setSelected(before => new Map([...before, ...outputs.map(output => [mediaKey(output), output] as const)]))
  }

  function toggle(media: MediaRef, isRange: boolean) {
    const { rows } = generationWindow()
    const isRemoved = !isRange && selected().has(mediaKey(media))
    if (isRemoved) setSelected(before => new Map([...before].filter(([id]) => id !== mediaKey(media))))
    else add(listRange(rows, isRange ? lastToggled : undefined, media))
    lastToggled = media
  }

  async function selectAll(signal: AbortSignal): Promise<boolean> {
    const list = query()
    let outputs: SelectedOutput[] = []
    let cursor: string | null | undefined
    while (cursor !== null && outputs.length < MAX_SELECTED && !signal.aborted) {
      const page = await fetchPage({ limit: PAGE_ROWS, ...toListParameters(list), ...(cursor && { cursor }) })
      outputs = [...outputs, ...listSelectable(page.generations)]
      cursor = page.nextCursor
    }
    if (signal.aborted || list !== query()) return false
    add(outputs.slice(0, MAX_SELECTED))
    return cursor !== null || outputs.length > MAX_SELECTED
  }

  function listLoaded(): SelectedOutput[] {
    const confirmed = generationWindow().rows.filter(row => row.delivery === null)
    return listSelectable(confirmed.map(row => row.generation))
  }

  function invert() {
    const others = listLoaded().filter(output => !selected().has(mediaKey(output)))
    setSelected(new Map(others.map(output => [mediaKey(output), output])))
  }

  const clear = () => {
    lastToggled = undefined
    if (selected().size > 0) setSelected(new Map())
  }
  createEffect(on(query, clear, { defer: true }))
  createEffect(on(generationWindow, window => setSelected(before => refreshSelected(before, window))))

  return {
    selected,
    isActive: () => selected().size > 0,
    isSelected: media => selected().has(mediaKey(media)),
    toggle,
    selectLoaded: () => add(listLoaded()),
    invert,
    selectAll,
    clear,
  }
}
