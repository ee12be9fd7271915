import { lowerBound } from '../src/feed/feed-layout.ts'
import { placeholderUrl } from '../src/ui/placeholder/placeholder.ts'

/** A row of the benchmark. */
export interface BenchRow {
  key: string
  prompt: string
  images: { src: string; ratio: number; placeholder: string | null }[]
}

const [WIDTH, GAP, LINE, PADDING] = [1180, 6, 24, 56]
/** Rows above and below the view, in CSS pixels. */
const OVERSCAN = 1_500
const PROMPT_PREVIEW_LENGTH = 60
const SLOTS = 20
/** The most images of a row. */
const TILES = 4

/**
 * Shows rows with the least that placeholders in a fast scroll need: the start of the prompt, and the blurred images. All rows are in
 * memory, heights are computed, elements are made once and taken in turn, and there is nothing else in the page.
 */
export function showFloor(root: HTMLElement, rows: readonly BenchRow[]): void {
  const starts = computeStarts(rows)
  const list = createElement('div', 'list')
  list.style.height = `${starts.at(-1)}px`
  root.append(list)
  const slots = Array.from({ length: SLOTS }, () => createSlot(list))
  const indexAt = (offset: number) => lowerBound(starts, offset)
  const show = () => {
    const from = Math.max(0, indexAt(scrollY - OVERSCAN) - 1)
    const to = Math.min(rows.length, indexAt(scrollY + innerHeight + OVERSCAN))
    for (let index = from; index < to; index++) {
      const [slot, row] = [slots[index % SLOTS], rows[index]]
      if (!slot || !row || slot.index === index) continue
      slot.index = index
      fillSlot(slot, row, starts[index] ?? 0)
    }
  }
  addEventListener('scroll', show, { passive: true })
  scrollTo(0, starts.at(-1) ?? 0)
  show()
}

interface Slot {
  index: number
  article: HTMLElement
  prompt: HTMLElement
  tiles: HTMLElement[]
}

function createSlot(list: HTMLElement): Slot {
  const [article, prompt] = [createElement('article', 'placed'), createElement('p', 'line')]
  const tiles = Array.from({ length: TILES }, () => createElement('div', 'tile'))
  article.append(prompt, ...tiles)
  list.append(article)
  return { index: -1, article, prompt, tiles }
}

function fillSlot({ article, prompt, tiles }: Slot, { key, prompt: text, images }: BenchRow, start: number): void {
  article.dataset.key = key
  article.style.transform = `translateY(${start}px)`
  prompt.textContent = text.slice(0, PROMPT_PREVIEW_LENGTH)
  const height = imageHeight(images)
  let left = 0
  for (const [at, tile] of tiles.entries()) {
    const { ratio = 0, placeholder = null } = images[at] ?? {}
    const width = Math.round(height * ratio)
    const image = placeholderUrl(placeholder)
    const box = `left:${left}px;width:${width}px;height:${height}px`
    tile.style.cssText = image ? `${box};background-image:url("${image}")` : 'display:none'
    left += width + GAP
  }
}

/** Returns the start of each row, and the end of the last. */
function computeStarts(rows: readonly BenchRow[]): number[] {
  const starts = [0]
  for (const { images } of rows) starts.push((starts.at(-1) ?? 0) + LINE + imageHeight(images) + PADDING)
  return starts
}

function imageHeight(images: BenchRow['images']): number {
  const ratios = images.reduce((sum, { ratio }) => sum + ratio, 0)
  return Math.round((WIDTH - GAP * (images.length - 1)) / (ratios || 1))
}

function createElement(tag: string, className: string): HTMLElement {
  return Object.assign(document.createElement(tag), { className })
}
