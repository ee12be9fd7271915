import { observeWindowRect, Virtualizer, type VirtualizerOptions } from '@tanstack/solid-virtual'
import { type Accessor, createComputed, createMemo, createSignal, onCleanup, onMount } from 'solid-js'

/** Where a row is, among all and from the top of the page. */
export interface RowPosition {
  key: string
  index: number
  start: number
}

type Options = Omit<VirtualizerOptions<Window, HTMLElement>, 'observeElementRect' | 'onChange'>

/**
 * The package's virtualizer of the page, which tells which rows to keep in it. Its own binding to Solid compares every item
 * field by field at each scroll event; here what it gives is passed on, and nothing is done where it is the same.
 *
 * @param options read anew whenever what they are made of changes
 */
export function createRowVirtualizer(options: Accessor<Options>) {
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
  return { virtualizer, places: rowPositions }
}
