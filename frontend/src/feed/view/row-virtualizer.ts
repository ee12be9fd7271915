import { observeWindowRect, type Range, Virtualizer } from '@tanstack/solid-virtual'
import { type Accessor, createComputed, createMemo, createSignal, onCleanup, onMount } from 'solid-js'
import type { FeedLayout } from '../feed-layout.ts'
import { createPageScroll } from './page-scroll.ts'

/** Position of a row: its index among all rows, and its start in CSS pixels from the top of the page. */
export interface RowPosition {
  key: string
  index: number
  start: number
}

export interface RowVirtualizerDeps {
  feedLayout: Accessor<FeedLayout>
  initialOffset: () => number
  /** Returns the indexes of the rows to render, of the range in view. */
  selectRows: (range: Range) => number[]
}

/**
 * Creates the package's virtualizer of the page, which selects the rows to render. The package's own binding to Solid compares
 * every item field by field at each scroll event; this one passes its items on, and does nothing where they are the same.
 */
export function createRowVirtualizer(deps: RowVirtualizerDeps) {
  const options = createOptions(deps)
  const onChange = (changed: Virtualizer<Window, HTMLElement>) => {
    changed._willUpdate()
    setItems(changed.getVirtualItems())
  }
  const resolved = () => ({ ...options(), observeElementRect: observeWindowRect, onChange })
  const virtualizer = new Virtualizer<Window, HTMLElement>(resolved())
  const [items, setItems] = createSignal(virtualizer.getVirtualItems())
  createComputed(() => {
    virtualizer.setOptions(resolved())
    virtualizer._willUpdate()
    setItems(virtualizer.getVirtualItems())
  })
  onMount(() => {
    onCleanup(virtualizer._didMount())
    virtualizer._willUpdate()
  })
  const rowPositions: Accessor<RowPosition[]> = createMemo(() =>
    items().map(({ key, index, start }) => ({ key: String(key), index, start })),
  )
  return { virtualizer, rowPositions }
}

/** Creates the virtualizer's options, read again whenever the layout changes. */
function createOptions({ feedLayout, initialOffset, selectRows }: RowVirtualizerDeps) {
  const pageScroll = createPageScroll()
  // The page cannot be scrolled before its rows are in the document.
  let isMounted = false
  onMount(() => {
    isMounted = true
  })
  return () => {
    const { rows, layouts, top, bottom, geometry } = feedLayout()
    return {
      ...pageScroll,
      count: rows.length,
      paddingStart: top,
      paddingEnd: bottom,
      estimateSize: (index: number) => layouts[index]?.height ?? 0,
      getItemKey: (index: number) => rows[index]?.key ?? index,
      gap: geometry.rowGap,
      getScrollElement: () => (isMounted ? window : null),
      initialOffset,
      initialRect: { width: innerWidth, height: innerHeight },
      rangeExtractor: selectRows,
    }
  }
}
