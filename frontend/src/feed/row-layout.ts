import type { Generation } from '@darkroom/contracts/generation'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import { formatFailure, formatHelpLabel, helpWithFailure } from './failure-help.ts'

/** Widths and heights within a row, in CSS pixels. `feed.css` has the same values. */
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
/** More than the average width of a character, so that a message always fits the height computed for it. */
const PANEL_CHARACTER_WIDTH = 8.5
const MIN_PANEL_HEIGHT = 96
/** Height of a line of actions below the message of a panel. */
const PANEL_ACTIONS_HEIGHT = 48
/** Width of a button beyond its label, with the gap to the next. */
const PANEL_BUTTON_PADDING = 32

/** Size of the images in the feed: a share of the greatest height that those of a generation may take. */
export type Density = 'large' | 'medium' | 'small'
const DENSITY_SCALE: Record<Density, number> = { large: 1, medium: 0.6, small: 0.36 }

/** Measures that follow from the width of the window and the density, in CSS pixels. */
export interface Geometry {
  contentWidth: number
  /** The greatest width of the images. */
  mediaWidth: number
  metaWidth: number
  /** Whether the prompt and settings stand at the right of the images, or above them. */
  isMetaBeside: boolean
  maxMediaHeight: number
  promptLines: number
}

/**
 * Computes the geometry of the feed.
 *
 * @param width of the window in CSS pixels, without its scroll bar
 */
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

/** Returns the margin beside the feed, which the scrubber stands in. Narrow windows have less; there the scrubber is a thin line. */
function marginFor(width: number): number {
  if (width < 640) return 16
  return width < 980 ? 24 : 60
}

/** The box of one image, from the top left of the media block, in CSS pixels. */
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

/** State of a row beside its generation. */
export interface RowState {
  /** Height of the whole prompt while it is shown in full, in CSS pixels; else null. */
  promptHeight: number | null
  /** Whether the row was shown while in progress: if it fails then, its boxes stay, so that nothing moves in view. */
  reservesMediaSpace: boolean
  /** Message of a refusal by the studio; else null. */
  refusalMessage: string | null
}

/** Computes the layout of a row, from data that is there before a single byte of an image. */
export function layoutRow(generation: Generation, geometry: Geometry, state: RowState): RowLayout {
  const promptHeight =
    state.promptHeight === null ? geometry.promptLines * LINE_HEIGHT : state.promptHeight + LINE_HEIGHT
  const metaHeight = computeMetaHeight(generation, geometry, promptHeight)
  const block = computeBlock(generation, geometry, state)
  const height = geometry.isMetaBeside ? Math.max(metaHeight, block.height) : metaHeight + block.height
  return { height, metaHeight, promptHeight, block }
}

/** Returns whether none of a generation's outputs is visible or will be. */
export function hasNoMedia({ status, outputs }: Generation): boolean {
  return isTerminal(status) && outputs.every(output => output.url === null || output.state === 'lost')
}

/**
 * Lays images out in justified rows: in as many rows as make them largest, with one height per row.
 *
 * @param ratios width to height of each image
 * @param width greatest width of a row
 * @param maxHeight greatest height of all rows together
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
  const height = computePanelHeight(formatFailure(generation), width) + computeActionsHeight(generation, width)
  return { boxes: [], width, height }
}

function withMinHeight(block: MediaBlock, height: number): MediaBlock {
  return { ...block, height: Math.max(block.height, height) }
}

function computePanelHeight(message: string, width: number): number {
  const lines = Math.ceil((message.length * PANEL_CHARACTER_WIDTH) / Math.max(width - PANEL_PADDING, 120))
  return Math.max(MIN_PANEL_HEIGHT, (lines + 2) * PANEL_LINE_HEIGHT + PANEL_PADDING)
}

/** Computes the height of the actions of a panel, which wrap where they do not fit beside each other. */
function computeActionsHeight(generation: Generation, width: number): number {
  const labels = helpWithFailure(generation).actions.map(action => formatHelpLabel(action, generation))
  const widths = labels.map(label => label.length * PANEL_CHARACTER_WIDTH + PANEL_BUTTON_PADDING)
  const lines = Math.max(1, Math.ceil(sum(widths) / (width - PANEL_PADDING)))
  return lines * PANEL_ACTIONS_HEIGHT
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

/** Splits images into rows as evenly as possible, the fuller rows first. */
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
  // Both sides of an edge use the same formula; two formulas could round to different pixels.
  const edge = (count: number) => Math.round(sum(row.slice(0, count)) * share)
  return row.map((_, index) => {
    const left = edge(index) + index * TILE_GAP
    return { left, top, width: edge(index + 1) + index * TILE_GAP - left, height }
  })
}

/**
 * Scores a block: by the area of its images, less if they differ in size or leave width empty. Empty width costs more than smaller
 * images, because a ragged edge catches the eye.
 */
function scoreBlock({ boxes, width }: MediaBlock, maxWidth: number): number {
  if (boxes.length === 0) return 0
  const areas = boxes.map(box => box.width * box.height)
  return sum(areas) * (Math.min(...areas) / Math.max(...areas)) * (width / maxWidth) ** 1.5
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
