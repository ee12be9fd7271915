import { type Accessor, createRenderEffect, onCleanup } from 'solid-js'
import type { Row } from '../store/generation-window.ts'
import type { FeedLayout } from './feed-layout.ts'
import { placeholderBackground } from './output-tile.tsx'
import type { RowLayout } from './row-layout.ts'
import { listShownOutputs } from './shown-outputs.ts'
import type { RowPosition } from './view/row-virtualizer.ts'

const PROMPT_PREVIEW_LENGTH = 60

interface FastScrollRowsProps {
  feedLayout: Accessor<FeedLayout>
  positions: Accessor<RowPosition[]>
}

/**
 * Cheap rows for fast scrolling: the start of the prompt and the image placeholders only. Hundreds pass in a second, so their
 * elements are pooled. A moment later each is replaced by the whole row, or removed.
 */
export function FastScrollRows(props: FastScrollRowsProps) {
  const container = (<div class="passing" />) as HTMLDivElement
  const shown = new Map<string, FastScrollRow>()
  const freeRows: FastScrollRow[] = []

  function show(positions: readonly RowPosition[], feedLayout: FeedLayout) {
    const wanted = new Set(positions.map(({ key }) => key))
    for (const [key, row] of shown) {
      if (wanted.has(key)) continue
      shown.delete(key)
      freeRows.push(row)
    }
    for (const position of positions) rowFor(position, feedLayout).update(position, feedLayout)
    for (const row of freeRows) row.element.remove()
    freeRows.length = 0
  }

  function rowFor({ key, index }: RowPosition, feedLayout: FeedLayout): FastScrollRow {
    const row = shown.get(key) ?? takeFreeRow(feedLayout.layouts[index]?.block.boxes.length) ?? createFastScrollRow()
    shown.set(key, row)
    if (!row.element.isConnected) container.append(row.element)
    return row
  }

  /** Takes a row from the pool, preferably one with as many tiles: adding and removing elements costs most. */
  function takeFreeRow(tileCount = 0): FastScrollRow | undefined {
    const at = freeRows.findIndex(row => row.countTiles() === tileCount)
    return at < 0 ? freeRows.pop() : freeRows.splice(at, 1)[0]
  }

  createRenderEffect(() => show(props.positions(), props.feedLayout()))
  onCleanup(() => container.replaceChildren())
  return container
}

interface FastScrollRow {
  element: HTMLElement
  countTiles(): number
  update(position: RowPosition, feedLayout: FeedLayout): void
}

function createFastScrollRow(): FastScrollRow {
  const element = createElement('article', 'row')
  const [meta, prompt, grid] = [
    createElement('div', 'note'),
    createElement('p', 'passing-prompt'),
    createElement('div', 'pictures'),
  ]
  meta.append(prompt)
  element.append(meta, grid)
  let last: { start: number; feedLayout: FeedLayout } | undefined

  function update({ key, index, start }: RowPosition, feedLayout: FeedLayout) {
    const [row, layout] = [feedLayout.rows[index], feedLayout.layouts[index]]
    if (!layout || (last?.feedLayout === feedLayout && last.start === start)) return
    last = { start, feedLayout }
    const { geometry } = feedLayout
    element.style.cssText = `transform:translateY(${start}px);height:${layout.height}px;left:${geometry.left}px;width:${geometry.contentWidth}px`
    element.dataset.key = key
    element.dataset.generationId = row?.generation.id ?? ''
    element.dataset.form = geometry.form
    element.dataset.density = geometry.density
    element.setAttribute('aria-posinset', String(index + 1))
    prompt.style.maxHeight = `${layout.meta.collapsedPromptHeight}px`
    prompt.textContent = row?.generation.prompt.slice(0, PROMPT_PREVIEW_LENGTH) ?? ''
    meta.style.cssText = `width:${layout.meta.width}px;height:${layout.meta.height}px`
    updateTiles(grid, row, layout)
  }

  return { element, countTiles: () => grid.childElementCount, update }
}

function updateTiles(grid: HTMLElement, row: Row | undefined, { block }: RowLayout) {
  grid.style.cssText = `width:${block.width}px;height:${block.height}px`
  while (grid.childElementCount > block.boxes.length) grid.lastChild?.remove()
  while (grid.childElementCount < block.boxes.length) grid.append(createElement('div', 'tile'))
  const outputs = row ? listShownOutputs(row.generation) : []
  for (const [at, { left, top, width, height }] of block.boxes.entries()) {
    const output = outputs[at]
    const tile = grid.children[at] as HTMLElement
    const background = output && placeholderBackground(output)
    const image = background === undefined ? '' : `;background-image:${background}`
    tile.style.cssText = `left:${left}px;top:${top}px;width:${width}px;height:${height}px${image}`
    tile.dataset.state = output?.state ?? ''
  }
}

function createElement(tag: string, className: string): HTMLElement {
  const element = document.createElement(tag)
  element.className = className
  return element
}
