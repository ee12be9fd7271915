import type { RowLayout } from './layout.ts'
import type { Row } from './rows.ts'
import { backgroundOf } from './tile.tsx'

interface PassingProps {
  row: Row | undefined
  layout: RowLayout | undefined
  /** How wide the note is. */
  note: number
}

const GLIMPSE = 60

/**
 * What of a row can be taken in while it flies past: its pictures' placeholders at their places and how its prompt begins. It is
 * made as cheaply as can be, and is not kept to what happens: a moment later the whole row takes its place, or it is gone.
 */
export function Passing({ row, layout, note }: PassingProps) {
  const words = document.createElement('p')
  words.textContent = row?.generation.prompt.slice(0, GLIMPSE) ?? ''
  if (row) words.id = `prompt-${row.key}`
  const noted = divOf('note', `width:${note}px;height:${layout?.note ?? 0}px`)
  noted.append(words)
  const { block } = layout ?? {}
  const pictures = divOf('pictures', `width:${block?.width ?? 0}px;height:${block?.height ?? 0}px`)
  pictures.append(...(block?.boxes ?? []).map((box, index) => placeOf(row, index, box)))
  return [noted, pictures]
}

function placeOf(row: Row | undefined, index: number, box: RowLayout['block']['boxes'][number]): HTMLElement {
  const output = row?.generation.outputs[index]
  const place = `left:${box.left}px;top:${box.top}px;width:${box.width}px;height:${box.height}px`
  const tile = divOf('tile', place)
  if (!output) return tile
  tile.dataset.state = output.state
  const background = backgroundOf(output)
  if (background !== undefined) tile.style.backgroundImage = background
  return tile
}

function divOf(className: string, style: string): HTMLElement {
  const div = document.createElement('div')
  div.className = className
  div.style.cssText = style
  return div
}
