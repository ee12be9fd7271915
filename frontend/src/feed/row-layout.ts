import type { Generation } from '@darkroom/contracts/generation'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import { isUnknownOutcome } from '../store/verbs.ts'

/** Widths and heights that a row is made of, in CSS pixels; `feed.css` has the same. */
export const LINE_HEIGHT = 24
export const TILE_GAP = 6
export const ROW_GAP = 56
const META_HEIGHT = 22
const STACKED_META_HEIGHT = 40
const ACTIONS_HEIGHT = 44
const THUMBNAIL_SIZE = 44
const THUMBNAILS_PADDING = 8
const META_GAP = 24
const PANEL_PADDING = 40
const PANEL_LINE_HEIGHT = 20
/** A character is narrower than this on average, so a message always has the room that is computed for it. */
const PANEL_CHARACTER_WIDTH = 8.5
const MIN_PANEL_HEIGHT = 96
/** The verbs below the words of a panel. */
const PANEL_ACTIONS_HEIGHT = 44

/** How much of the window's height the pictures of a generation may take. */
export type Density = 'large' | 'medium' | 'small'
const DENSITY_SCALE: Record<Density, number> = { large: 1, medium: 0.6, small: 0.36 }

/** What the width of the window and the density decide. */
export interface Geometry {
  contentWidth: number
  /** The width that pictures may take. */
  mediaWidth: number
  metaWidth: number
  /** Whether the note stands at the right of the pictures, or above them. */
  isMetaBeside: boolean
  maxMediaHeight: number
  promptLines: number
}

/** @param width of the window in CSS pixels, without its scroll bar */
export function computeGeometry(width: number, density: Density = 'large'): Geometry {
  const contentWidth = width - 2 * marginFor(width)
  if (contentWidth < 860) {
    const maxMediaHeight = Math.round((width < 640 ? 520 : 600) * DENSITY_SCALE[density])
    return {
      contentWidth,
      mediaWidth: contentWidth,
      metaWidth: contentWidth,
      isMetaBeside: false,
      maxMediaHeight,
      promptLines: 2,
    }
  }
  const wide = Math.min(contentWidth, Math.max(1180, Math.min(1560, Math.round(width * 0.78))))
  const metaWidth = wide < 1100 ? 256 : 292
  const mediaWidth = wide - metaWidth - META_GAP
  return {
    contentWidth: wide,
    mediaWidth,
    metaWidth,
    isMetaBeside: true,
    maxMediaHeight: Math.round(Math.min(800, mediaWidth * 0.75) * DENSITY_SCALE[density]),
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

export interface MediaBlock {
  boxes: Box[]
  width: number
  height: number
}

export interface RowLayout {
  height: number
  metaHeight: number
  promptHeight: number
  block: MediaBlock
}

/** What is known of a row beside its generation. */
export interface RowState {
  /** Height of the whole prompt while it is shown in full, else null. */
  promptHeight: number | null
  /** Whether the row has shown its places before: one that fails under the eye keeps them, so that nothing moves. */
  reservesMediaSpace: boolean
  /** Whether the studio refused it. */
  refusalMessage: string | null
}

/** The exact place of everything in a row, from what is known before a single byte of a picture is there. */
export function layoutRow(generation: Generation, geometry: Geometry, state: RowState): RowLayout {
  const promptHeight =
    state.promptHeight === null ? geometry.promptLines * LINE_HEIGHT : state.promptHeight + LINE_HEIGHT
  const metaHeight = computeMetaHeight(generation, geometry, promptHeight)
  const block = computeBlock(generation, geometry, state)
  const height = geometry.isMetaBeside ? Math.max(metaHeight, block.height) : metaHeight + block.height
  return { height, metaHeight, promptHeight, block }
}

/** Whether none of a generation's outputs can be seen, and none will be. */
export function hasNoMedia({ status, outputs }: Generation): boolean {
  return isTerminal(status) && outputs.every(output => output.url === null || output.state === 'lost')
}

const LOST_MESSAGE = 'The provider deleted it before it could be saved.'

/** What a generation without pictures says instead of them. */
export function formatNoMediaMessage(generation: Generation): string {
  const error = generation.error ?? generation.outputs.find(output => output.error !== null)?.error
  if (isUnknownOutcome(generation)) return `${error?.message} Check again, or submit it anyway.`
  if (error) return error.message
  if (generation.outputs.some(output => output.state === 'lost')) return LOST_MESSAGE
  return generation.status === 'cancelled' ? 'Cancelled before there was a picture.' : 'No picture was made.'
}

/**
 * Sets pictures in flush rows: as many rows as make them largest, each row's pictures of one height.
 *
 * @param ratios width to height of each
 * @param width the most that a row may take
 * @param maxHeight the most that all rows together may take
 */
export function justifyTiles(ratios: readonly number[], width: number, maxHeight: number): MediaBlock {
  const counts = ratios.map((_, index) => index + 1)
  const blocks = counts.map(rows => justifyRows(splitIntoRows(ratios, rows), width, maxHeight))
  return blocks.reduce(
    (best, block) => (scoreBlock(block, width) > scoreBlock(best, width) ? block : best),
    EMPTY_BLOCK,
  )
}

const EMPTY_BLOCK: MediaBlock = { boxes: [], width: 0, height: 0 }

function computeBlock(generation: Generation, { mediaWidth, maxMediaHeight }: Geometry, state: RowState): MediaBlock {
  const whole = justifyTiles(generation.outputs.map(aspectRatioOf), mediaWidth, maxMediaHeight)
  const isEmpty = hasNoMedia(generation) && !state.reservesMediaSpace
  if (!isEmpty)
    return state.refusalMessage === null
      ? whole
      : withMinHeight(whole, computePanelHeight(state.refusalMessage, whole.width))
  const width = Math.min(mediaWidth, 640)
  return {
    boxes: [],
    width,
    height: computePanelHeight(formatNoMediaMessage(generation), width) + PANEL_ACTIONS_HEIGHT,
  }
}

function withMinHeight(block: MediaBlock, height: number): MediaBlock {
  return { ...block, height: Math.max(block.height, height) }
}

function computePanelHeight(message: string, width: number): number {
  const lines = Math.ceil((message.length * PANEL_CHARACTER_WIDTH) / Math.max(width - PANEL_PADDING, 120))
  return Math.max(MIN_PANEL_HEIGHT, (lines + 2) * PANEL_LINE_HEIGHT + PANEL_PADDING)
}

function computeMetaHeight(
  generation: Generation,
  { isMetaBeside, metaWidth }: Geometry,
  promptHeight: number,
): number {
  const perRow = Math.max(1, Math.floor((metaWidth + TILE_GAP) / (THUMBNAIL_SIZE + TILE_GAP)))
  const rows = Math.ceil(generation.references.length / perRow)
  const thumbnails = rows === 0 ? 0 : THUMBNAILS_PADDING + rows * (THUMBNAIL_SIZE + TILE_GAP)
  return promptHeight + thumbnails + (isMetaBeside ? 2 * META_HEIGHT + ACTIONS_HEIGHT : STACKED_META_HEIGHT)
}

function aspectRatioOf({ width, height }: Generation['outputs'][number]): number {
  const ratio = (width ?? 1) / (height ?? 1)
  return Number.isFinite(ratio) && ratio > 0 ? Math.min(Math.max(ratio, 0.2), 5) : 1
}

/** Shares pictures out over rows as evenly as they go, the fuller rows first. */
function splitIntoRows(ratios: readonly number[], rows: number): number[][] {
  const perRow = Math.floor(ratios.length / rows)
  const fuller = ratios.length % rows
  return Array.from({ length: rows }, (_, row) => {
    const start = row * perRow + Math.min(row, fuller)
    return ratios.slice(start, start + perRow + (row < fuller ? 1 : 0))
  })
}

function justifyRows(rows: number[][], width: number, maxHeight: number): MediaBlock {
  const gaps = (rows.length - 1) * TILE_GAP
  const perWidth = sum(rows.map(row => 1 / sum(row)))
  const spent = sum(rows.map(row => ((row.length - 1) * TILE_GAP) / sum(row)))
  const rowWidth = Math.floor(Math.min(width, (maxHeight - gaps + spent) / perWidth))
  let top = 0
  const boxes = rows.flatMap(row => {
    const height = Math.max(1, Math.round((rowWidth - (row.length - 1) * TILE_GAP) / sum(row)))
    const tiles = justifyRow(row, rowWidth, top, height)
    top += height + TILE_GAP
    return tiles
  })
  return { boxes, width: rowWidth, height: top - TILE_GAP }
}

function justifyRow(row: number[], width: number, top: number, height: number): Box[] {
  const share = (width - (row.length - 1) * TILE_GAP) / sum(row)
  // An edge is computed in one way only, or two that are the same would be rounded apart.
  const edge = (count: number) => Math.round(sum(row.slice(0, count)) * share)
  return row.map((_, index) => {
    const left = edge(index) + index * TILE_GAP
    return { left, top, width: edge(index + 1) + index * TILE_GAP - left, height }
  })
}

/**
 * Large pictures of like size in a block that uses the width: the area of all, less where one of these is wanting. A block
 * that leaves some of the width empty costs more than smaller pictures, because a ragged edge is what the eye stops at.
 */
function scoreBlock({ boxes, width }: MediaBlock, maxWidth: number): number {
  if (boxes.length === 0) return 0
  const areas = boxes.map(box => box.width * box.height)
  return sum(areas) * (Math.min(...areas) / Math.max(...areas)) * (width / maxWidth) ** 1.5
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
