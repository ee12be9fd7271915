import type { Generation } from '@darkroom/contracts/generation'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import { isUnknown } from '../store/verbs.ts'

/** Widths and heights that a row is made of, in CSS pixels; `feed.css` has the same. */
export const LINE = 24
export const GAP = 6
export const ROW_GAP = 56
const META = 22
const META_ABOVE = 40
const ACTIONS = 44
const THUMBNAIL = 44
const THUMBNAILS_PADDING = 8
const NOTE_GAP = 24
const PANEL_PADDING = 40
const PANEL_LINE = 20
/** A character is narrower than this on average, so a message always has the room that is computed for it. */
const PANEL_CHARACTER = 8.5
const LEAST_PANEL = 96
/** The verbs below the words of a panel. */
const PANEL_VERBS = 44

/** How much of the window's height the pictures of a generation may take. */
export type Density = 'large' | 'medium' | 'small'
const SHARE: Record<Density, number> = { large: 1, medium: 0.6, small: 0.36 }

/** What the width of the window and the density decide. */
export interface Geometry {
  content: number
  /** The width that pictures may take. */
  pictures: number
  note: number
  /** Whether the note stands at the right of the pictures, or above them. */
  beside: boolean
  tallest: number
  promptLines: number
}

/** @param width of the window in CSS pixels, without its scroll bar */
export function geometryFor(width: number, density: Density = 'large'): Geometry {
  const content = width - 2 * marginFor(width)
  if (content < 860) {
    const tallest = Math.round((width < 640 ? 520 : 600) * SHARE[density])
    return { content, pictures: content, note: content, beside: false, tallest, promptLines: 2 }
  }
  const wide = Math.min(content, Math.max(1180, Math.min(1560, Math.round(width * 0.78))))
  const note = wide < 1100 ? 256 : 292
  const pictures = wide - note - NOTE_GAP
  return {
    content: wide,
    pictures,
    note,
    beside: true,
    tallest: Math.round(Math.min(800, pictures * 0.75) * SHARE[density]),
    promptLines: 4,
  }
}

/** Beside the feed there is room for the scrubber; where there is little of it, the scrubber is a thin line at the edge. */
function marginFor(width: number): number {
  if (width < 640) return 16
  return width < 980 ? 24 : 60
}

/** Where one picture is drawn, from the top left of the pictures. */
export interface Box {
  left: number
  top: number
  width: number
  height: number
}

export interface Block {
  boxes: Box[]
  width: number
  height: number
}

export interface RowLayout {
  height: number
  note: number
  prompt: number
  block: Block
}

/** What is known of a row beside its generation. */
export interface RowState {
  /** Height of the whole prompt while it is shown in full, else null. */
  promptHeight: number | null
  /** Whether the row has shown its places before: one that fails under the eye keeps them, so that nothing moves. */
  roomy: boolean
  /** Whether the studio refused it. */
  refused: string | null
}

/** The exact place of everything in a row, from what is known before a single byte of a picture is there. */
export function layoutRow(generation: Generation, geometry: Geometry, state: RowState): RowLayout {
  const prompt = state.promptHeight === null ? geometry.promptLines * LINE : state.promptHeight + LINE
  const note = noteHeight(generation, geometry, prompt)
  const block = blockOf(generation, geometry, state)
  const height = geometry.beside ? Math.max(note, block.height) : note + block.height
  return { height, note, prompt, block }
}

/** Whether none of a generation's outputs can be seen, and none will be. */
export function isBarren({ status, outputs }: Generation): boolean {
  return isTerminal(status) && outputs.every(output => output.url === null || output.state === 'lost')
}

const LOST = 'The provider deleted it before it could be saved.'

/** What a generation without pictures says instead of them. */
export function barrenMessage(generation: Generation): string {
  const error = generation.error ?? generation.outputs.find(output => output.error !== null)?.error
  if (isUnknown(generation)) return `${error?.message} Check again, or submit it anyway.`
  if (error) return error.message
  if (generation.outputs.some(output => output.state === 'lost')) return LOST
  return generation.status === 'cancelled' ? 'Cancelled before there was a picture.' : 'No picture was made.'
}

/**
 * Sets pictures in flush rows: as many rows as make them largest, each row's pictures of one height.
 *
 * @param ratios width to height of each
 * @param width the most that a row may take
 * @param tallest the most that all rows together may take
 */
export function justify(ratios: readonly number[], width: number, tallest: number): Block {
  const counts = ratios.map((_, index) => index + 1)
  const blocks = counts.map(rows => setRows(inRows(ratios, rows), width, tallest))
  return blocks.reduce((best, block) => (worth(block, width) > worth(best, width) ? block : best), EMPTY)
}

const EMPTY: Block = { boxes: [], width: 0, height: 0 }

function blockOf(generation: Generation, { pictures, tallest }: Geometry, state: RowState): Block {
  const whole = justify(generation.outputs.map(ratioOf), pictures, tallest)
  const barren = isBarren(generation) && !state.roomy
  if (!barren) return state.refused === null ? whole : atLeast(whole, panelHeight(state.refused, whole.width))
  const width = Math.min(pictures, 640)
  return { boxes: [], width, height: panelHeight(barrenMessage(generation), width) + PANEL_VERBS }
}

function atLeast(block: Block, height: number): Block {
  return { ...block, height: Math.max(block.height, height) }
}

function panelHeight(message: string, width: number): number {
  const lines = Math.ceil((message.length * PANEL_CHARACTER) / Math.max(width - PANEL_PADDING, 120))
  return Math.max(LEAST_PANEL, (lines + 2) * PANEL_LINE + PANEL_PADDING)
}

function noteHeight(generation: Generation, { beside, note }: Geometry, prompt: number): number {
  const across = Math.max(1, Math.floor((note + GAP) / (THUMBNAIL + GAP)))
  const rows = Math.ceil(generation.references.length / across)
  const thumbnails = rows === 0 ? 0 : THUMBNAILS_PADDING + rows * (THUMBNAIL + GAP)
  return prompt + thumbnails + (beside ? 2 * META + ACTIONS : META_ABOVE)
}

function ratioOf({ width, height }: Generation['outputs'][number]): number {
  const ratio = (width ?? 1) / (height ?? 1)
  return Number.isFinite(ratio) && ratio > 0 ? Math.min(Math.max(ratio, 0.2), 5) : 1
}

/** Shares pictures out over rows as evenly as they go, the fuller rows first. */
function inRows(ratios: readonly number[], rows: number): number[][] {
  const least = Math.floor(ratios.length / rows)
  const fuller = ratios.length % rows
  return Array.from({ length: rows }, (_, row) => {
    const start = row * least + Math.min(row, fuller)
    return ratios.slice(start, start + least + (row < fuller ? 1 : 0))
  })
}

function setRows(rows: number[][], width: number, tallest: number): Block {
  const gaps = (rows.length - 1) * GAP
  const perWidth = sum(rows.map(row => 1 / sum(row)))
  const spent = sum(rows.map(row => ((row.length - 1) * GAP) / sum(row)))
  const flush = Math.floor(Math.min(width, (tallest - gaps + spent) / perWidth))
  let top = 0
  const boxes = rows.flatMap(row => {
    const height = Math.max(1, Math.round((flush - (row.length - 1) * GAP) / sum(row)))
    const set = setRow(row, flush, top, height)
    top += height + GAP
    return set
  })
  return { boxes, width: flush, height: top - GAP }
}

function setRow(row: number[], width: number, top: number, height: number): Box[] {
  const share = (width - (row.length - 1) * GAP) / sum(row)
  // An edge is computed in one way only, or two that are the same would be rounded apart.
  const edge = (count: number) => Math.round(sum(row.slice(0, count)) * share)
  return row.map((_, index) => {
    const left = edge(index) + index * GAP
    return { left, top, width: edge(index + 1) + index * GAP - left, height }
  })
}

/**
 * Large pictures of like size in a block that uses the width: the area of all, less where one of these is wanting. A block
 * that leaves some of the width empty costs more than smaller pictures, because a ragged edge is what the eye stops at.
 */
function worth({ boxes, width }: Block, most: number): number {
  if (boxes.length === 0) return 0
  const areas = boxes.map(box => box.width * box.height)
  return sum(areas) * (Math.min(...areas) / Math.max(...areas)) * (width / most) ** 1.5
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
