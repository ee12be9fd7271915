import { type Accessor, createRenderEffect, onCleanup } from 'solid-js'
import type { Row } from '../store/generation-window.ts'
import type { Frame } from './feed-layout.ts'
import type { FeedView } from './feed-view.ts'
import { backgroundOf } from './output-tile.tsx'
import type { RowLayout } from './row-layout.ts'
import type { RowPlace } from './row-virtualizer.ts'

const GLIMPSE = 60

/**
 * The rows that fly past: of each what can be taken in, which is how its prompt begins and its pictures' placeholders at their
 * places. Hundreds go by in a second, so that they are made as cheaply as can be, out of elements that are used again and
 * again; a moment later the whole row takes the place of each, or it is gone.
 */
export function Passing(props: { view: FeedView; places: Accessor<RowPlace[]> }) {
  const ground = (<div class="passing" />) as HTMLDivElement
  const shown = new Map<string, PassingRow>()
  const free: PassingRow[] = []

  function show(places: readonly RowPlace[], frame: Frame) {
    const wanted = new Set(places.map(({ key }) => key))
    for (const [key, row] of shown) {
      if (wanted.has(key)) continue
      shown.delete(key)
      free.push(row)
    }
    for (const place of places) rowFor(place, frame).show(place, frame)
    for (const row of free) row.element.remove()
    free.length = 0
  }

  function rowFor({ key, index }: RowPlace, frame: Frame): PassingRow {
    const row = shown.get(key) ?? reused(frame.layouts[index]?.block.boxes.length) ?? createPassingRow()
    shown.set(key, row)
    if (!row.element.isConnected) ground.append(row.element)
    return row
  }

  /** Rather one that has as many pictures: elements that come and go are what costs most. */
  function reused(pictures = 0): PassingRow | undefined {
    const at = free.findIndex(row => row.pictures() === pictures)
    return at < 0 ? free.pop() : free.splice(at, 1)[0]
  }

  createRenderEffect(() => show(props.places(), props.view.frame()))
  onCleanup(() => ground.replaceChildren())
  return ground
}

interface PassingRow {
  element: HTMLElement
  /** How many it shows. */
  pictures(): number
  show(place: RowPlace, frame: Frame): void
}

function createPassingRow(): PassingRow {
  const element = elementOf('article', 'row')
  const [note, words, pictures] = [elementOf('div', 'note'), document.createElement('p'), elementOf('div', 'pictures')]
  note.append(words)
  element.append(note, pictures)
  let last: { start: number; frame: Frame } | undefined

  function show({ key, index, start }: RowPlace, frame: Frame) {
    const [row, layout] = [frame.rows[index], frame.layouts[index]]
    if (!layout || (last?.frame === frame && last.start === start)) return
    last = { start, frame }
    const { geometry } = frame
    element.style.cssText = `transform:translateY(${start}px);height:${layout.height}px;width:${geometry.content}px`
    element.dataset.key = key
    element.dataset.generationId = row?.generation.id ?? ''
    element.dataset.beside = String(geometry.beside)
    element.setAttribute('aria-posinset', String(index + 1))
    words.textContent = row?.generation.prompt.slice(0, GLIMPSE) ?? ''
    note.style.cssText = `width:${geometry.note}px;height:${layout.note}px`
    showPictures(pictures, row, layout)
  }

  return { element, pictures: () => pictures.childElementCount, show }
}

function showPictures(pictures: HTMLElement, row: Row | undefined, { block }: RowLayout) {
  pictures.style.cssText = `width:${block.width}px;height:${block.height}px`
  while (pictures.childElementCount > block.boxes.length) pictures.lastChild?.remove()
  while (pictures.childElementCount < block.boxes.length) pictures.append(elementOf('div', 'tile'))
  for (const [at, { left, top, width, height }] of block.boxes.entries()) {
    const output = row?.generation.outputs[at]
    const tile = pictures.children[at] as HTMLElement
    const background = output && backgroundOf(output)
    const image = background === undefined ? '' : `;background-image:${background}`
    tile.style.cssText = `left:${left}px;top:${top}px;width:${width}px;height:${height}px${image}`
    tile.dataset.state = output?.state ?? ''
  }
}

function elementOf(tag: string, className: string): HTMLElement {
  const element = document.createElement(tag)
  element.className = className
  return element
}
