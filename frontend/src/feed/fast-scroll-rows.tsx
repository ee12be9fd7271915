import type { Output } from '@darkroom/contracts/output'
import { type Accessor, createRenderEffect, onCleanup } from 'solid-js'
import type { Row } from '../store/generation-window.ts'
import type { FeedLayout } from './feed-layout.ts'
import { placeholderBackground } from './output-tile.tsx'
import type { RowLayout } from './row-layout.ts'
import { listShownOutputs } from './shown-outputs.ts'
import type { Box } from './tile-layout.ts'
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
    for (const position of positions) rowFor(position).update(position, feedLayout)
    // They stay in the page while it is scrolled: to add and remove elements costs most.
    if (positions.length > 0) for (const row of freeRows) row.hide()
    else for (const row of freeRows.splice(0)) row.element.remove()
  }

  function rowFor({ key }: RowPosition): FastScrollRow {
    const row = shown.get(key) ?? freeRows.pop() ?? createFastScrollRow()
    shown.set(key, row)
    if (!row.element.isConnected) container.append(row.element)
    return row
  }

  createRenderEffect(() => show(props.positions(), props.feedLayout()))
  onCleanup(() => container.replaceChildren())
  return container
}

interface FastScrollRow {
  element: HTMLElement
  update(position: RowPosition, feedLayout: FeedLayout): void
  hide(): void
}

function createFastScrollRow(): FastScrollRow {
  const [article, meta, prompt, grid] = [
    createStyled('article', 'row'),
    createStyled('div', 'note'),
    createStyled('p', 'passing-prompt'),
    createStyled('div', 'pictures'),
  ]
  const { element } = article
  const tiles: ShowTile[] = []
  meta.element.append(prompt.element)
  element.append(meta.element, grid.element)
  let last: { start: number; feedLayout: FeedLayout } | undefined
  let shown: Row | undefined

  function update({ key, index, start }: RowPosition, feedLayout: FeedLayout) {
    const [row, layout] = [feedLayout.rows[index], feedLayout.layouts[index]]
    if (!layout || (last?.feedLayout === feedLayout && last.start === start)) return
    locate({ index, start }, layout, feedLayout)
    showTiles(layout.block, row)
    last = { start, feedLayout }
    if (shown === row && element.dataset.key === key) return
    shown = row
    element.dataset.key = key
    element.dataset.generationId = row?.generation.id ?? ''
    prompt.element.textContent = row?.generation.prompt.slice(0, PROMPT_PREVIEW_LENGTH) ?? ''
  }

  function locate(
    { index, start }: Omit<RowPosition, 'key'>,
    { height, meta: { width, height: metaHeight, collapsedPromptHeight }, block }: RowLayout,
    { geometry }: FeedLayout,
  ) {
    if (last?.feedLayout.geometry !== geometry) {
      element.dataset.form = geometry.form
      element.dataset.density = geometry.density
    }
    article.setStyle(
      `transform:translateY(${start}px);height:${height}px;left:${geometry.left}px;width:${geometry.contentWidth}px`,
    )
    element.setAttribute('aria-posinset', String(index + 1))
    meta.setStyle(`width:${width}px;height:${metaHeight}px`)
    prompt.setStyle(`max-height:${collapsedPromptHeight}px`)
    grid.setStyle(`width:${block.width}px;height:${block.height}px`)
  }

  function showTiles({ boxes }: RowLayout['block'], row: Row | undefined) {
    const outputs = row ? listShownOutputs(row.generation) : []
    while (tiles.length < boxes.length) tiles.push(appendTile(grid.element))
    for (const [at, showTile] of tiles.entries()) showTile(boxes[at], outputs[at])
  }

  function hide() {
    article.setStyle('display:none')
    last = undefined
    // No look-up of a row may find it.
    delete element.dataset.key
    delete element.dataset.generationId
  }

  return { element, update, hide }
}

/** Shows an output in a box. Without a box it hides the tile. */
type ShowTile = (box: Box | undefined, output: Output | undefined) => void

function appendTile(grid: HTMLElement): ShowTile {
  const { element, setStyle } = createStyled('div', 'tile')
  const setState = createSetter(state => {
    element.dataset.state = state
  })
  grid.append(element)
  return (box, output) => {
    setState(box && output ? output.state : '')
    if (!box) return setStyle('display:none')
    const image = output && placeholderBackground(output)
    const edges = `left:${box.left}px;top:${box.top}px;width:${box.width}px;height:${box.height}px`
    setStyle(image ? `${edges};background-image:${image}` : edges)
  }
}

/** Creates an element whose style is written where it changes: rows that follow one another often have the same sizes. */
function createStyled(tag: string, className: string) {
  const element = document.createElement(tag)
  element.className = className
  const setStyle = createSetter(text => {
    element.style.cssText = text
  })
  return { element, setStyle }
}

/** Returns a function that writes a text which is another than the last one. */
function createSetter(write: (text: string) => void): (text: string) => void {
  let last: string | undefined
  return text => {
    if (text === last) return
    last = text
    write(text)
  }
}
