import type { Output } from '@darkroom/contracts/output'
import { type Accessor, createRenderEffect, onCleanup } from 'solid-js'
import type { Row } from '../store/generation-window.ts'
import type { FeedLayout } from './feed-layout.ts'
import { placeholderBackground } from './output-tile.tsx'
import { META_GAP, type RowLayout } from './row-layout.ts'
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
  const element = createElement('article', 'row')
  const meta = appendElement(element, 'div', 'note')
  const prompt = appendElement(meta, 'p', 'passing-prompt')
  const grid = appendElement(element, 'div', 'pictures')
  const text = prompt.appendChild(document.createTextNode(''))
  const [setRow, setMeta] = [createStyleSetter(element), createStyleSetter(meta)]
  const [setPrompt, setGrid] = [createStyleSetter(prompt), createStyleSetter(grid)]
  const tiles: ShowTile[] = []
  let last: { start: number; feedLayout: FeedLayout } | undefined
  let shown: Row | undefined

  function update({ key, index, start }: RowPosition, feedLayout: FeedLayout) {
    const [row, layout] = [feedLayout.rows[index], feedLayout.layouts[index]]
    if (!layout || (last?.feedLayout === feedLayout && last.start === start)) return
    locate(start, layout, feedLayout)
    showTiles(layout.block, row)
    last = { start, feedLayout }
    if (shown === row && element.dataset.key === key) return
    shown = row
    element.dataset.key = key
    element.dataset.generationId = row?.generation.id ?? ''
    text.data = row?.generation.prompt.slice(0, PROMPT_PREVIEW_LENGTH) ?? ''
  }

  function locate(start: number, { height, meta, block }: RowLayout, { geometry }: FeedLayout) {
    const isBeside = geometry.form === 'beside'
    if (last?.feedLayout.geometry !== geometry) {
      element.dataset.form = geometry.form
      element.dataset.density = geometry.density
    }
    setRow({
      display: '',
      transform: `translateY(${start}px)`,
      height,
      left: geometry.left,
      width: geometry.contentWidth,
    })
    setMeta({ left: isBeside ? block.width + META_GAP : 0, height: meta.height })
    setPrompt({ maxHeight: meta.collapsedPromptHeight })
    setGrid({ top: isBeside ? 0 : meta.height })
  }

  function showTiles({ boxes }: RowLayout['block'], row: Row | undefined) {
    const outputs = row ? listShownOutputs(row.generation) : []
    while (tiles.length < boxes.length) tiles.push(appendTile(grid))
    for (const [at, showTile] of tiles.entries()) showTile(boxes[at], outputs[at])
  }

  function hide() {
    setRow({ display: 'none' })
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
  const element = appendElement(grid, 'div', 'tile')
  const setStyle = createStyleSetter(element)
  return (box, output) => {
    const state = (box && output?.state) ?? ''
    if (element.dataset.state !== state) element.dataset.state = state
    if (!box) return setStyle({ display: 'none' })
    setStyle({ display: '', ...box, backgroundImage: (output && placeholderBackground(output)) ?? '' })
  }
}

interface StyleValues {
  display?: string
  transform?: string
  backgroundImage?: string
  left?: number
  top?: number
  width?: number
  height?: number
  maxHeight?: number
}

/** Creates a function that writes styles, lengths in CSS pixels, where they change: rows that follow one another often have the same sizes. */
function createStyleSetter({ style }: HTMLElement): (values: StyleValues) => void {
  const written: Partial<Record<keyof StyleValues, string | number>> = {}
  return values => {
    for (const name of Object.keys(values) as (keyof StyleValues)[]) {
      const value = values[name] ?? ''
      if (written[name] === value) continue
      written[name] = value
      style[name] = typeof value === 'number' ? `${value}px` : value
    }
  }
}

function appendElement(parent: HTMLElement, tag: string, className: string): HTMLElement {
  return parent.appendChild(createElement(tag, className))
}

function createElement(tag: string, className: string): HTMLElement {
  return Object.assign(document.createElement(tag), { className })
}
