import type { GenerationCount } from '@darkroom/contracts/history/library'
import { type Accessor, createEffect, createMemo, createSignal, on, onCleanup } from 'solid-js'
import { ALL_GENERATIONS, EMPTY_FILTER, isPlain, type ListFilter, type ListQuery } from './list-query.ts'

export interface LibraryOptions {
  query: Accessor<ListQuery>
  showList: (query: ListQuery) => void
  /** Returns the number of all generations. */
  total: Accessor<number>
  fetchCount: (query: ListQuery) => Promise<GenerationCount>
  /** Subscribes to changes of the shown generations. */
  subscribe: (listener: () => void) => () => void
}

/** A dialog of the library that is open. */
export type LibraryDialog = 'keys' | 'date' | 'empty-trash' | null

export type Library = ReturnType<typeof createLibrary>

/** Heights of the header, without and with the line of filters, in CSS pixels. */
const HEADER_HEIGHT = 56
const FILTER_LINE_HEIGHT = 56
const COUNT_DELAY_MS = 1_000

/** Creates the state of the library: the list that is open with its filter and counts, and the dialog that is open. */
export function createLibrary({ query, showList, total, fetchCount, subscribe }: LibraryOptions) {
  const [isFilterOpen, setFilterOpen] = createSignal(false)
  const [dialog, setDialog] = createSignal<LibraryDialog>(null)
  const isFilterShown = createMemo(() => isFilterOpen() || !isPlain(query()))
  const headerHeight = () => HEADER_HEIGHT + (isFilterShown() ? FILTER_LINE_HEIGHT : 0)
  const count = createCount({ query, isWanted: isFilterShown, fetchCount, subscribe })
  const trashDays = createMemo<number | undefined>(known => count()?.trashDays ?? known)

  return {
    ...{ query, showList, total, count, trashDays },
    ...{ isFilterShown, setFilterOpen, headerHeight },
    ...{ dialog, setDialog },
    /** Changes a part of the filter. */
    setFilter: (change: Partial<ListFilter>) => showList({ ...query(), ...change }),
    clearFilter: () => showList({ section: query().section, ...EMPTY_FILTER }),
    showAll: () => showList(ALL_GENERATIONS),
  }
}

interface CountOptions extends Pick<LibraryOptions, 'query' | 'fetchCount' | 'subscribe'> {
  isWanted: Accessor<boolean>
}

/** Creates the numbers of the list's generations and outputs; null while they are not known. */
function createCount({ query, isWanted, fetchCount, subscribe }: CountOptions): Accessor<GenerationCount | null> {
  const [count, setCount] = createSignal<GenerationCount | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined
  const load = async () => {
    timer = undefined
    const counted = query()
    const result = await fetchCount(counted).catch(() => null)
    if (counted === query()) setCount(result)
  }
  createEffect(
    on([query, isWanted], ([, isNeeded]) => {
      setCount(null)
      if (isNeeded) void load()
    }),
  )
  const unsubscribe = subscribe(() => {
    if (isWanted() && timer === undefined) timer = setTimeout(load, COUNT_DELAY_MS)
  })
  onCleanup(() => {
    clearTimeout(timer)
    unsubscribe()
  })
  return count
}
