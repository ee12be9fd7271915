/** Gap between the images of a generation, in CSS pixels. */
export const TILE_GAP = 6
/** Height of the images at the smallest density, in CSS pixels: those of a contact strip. */
export const STRIP_HEIGHT = 132
/** Share by which a block may exceed its greatest height, where that fills the width. */
const MAX_OVERSHOOT = 1.17
/** Ratios that differ by less count as equal. */
const RATIO_TOLERANCE = 1.02
/** Most images in a line of a narrow contact strip. */
const MAX_STRIP_COLUMNS = 4

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

interface TileInput {
  /** Width to height of each image. */
  ratios: readonly number[]
  /** Greatest width of a line. */
  width: number
  /** Greatest height of all lines together. */
  maxHeight: number
}

const EMPTY_BLOCK: MediaBlock = { boxes: [], width: 0, height: 0 }

/** Lays the images of a generation out: in columns of one size if their ratios are equal, else in justified lines. */
export function layoutTiles({ ratios, width, maxHeight }: TileInput): MediaBlock {
  const [ratio] = ratios
  if (ratio === undefined) return EMPTY_BLOCK
  if (!areEqual(ratios)) return justifyTiles(ratios, width, maxHeight)
  return layoutColumns(ratio, ratios.length, width, maxHeight)
}

/** Lays images out in lines of one height that begin at the left, as many beside each other as fit. */
export function layoutStrip(ratios: readonly number[], width: number): MediaBlock {
  const sizes = ratios.map(ratio => Math.min(width, Math.round(STRIP_HEIGHT * ratio)))
  let [left, top] = [0, 0]
  const boxes = sizes.map((tileWidth): Box => {
    if (left > 0 && left + tileWidth > width) [left, top] = [0, top + STRIP_HEIGHT + TILE_GAP]
    const box = { left, top, width: tileWidth, height: STRIP_HEIGHT }
    left += tileWidth + TILE_GAP
    return box
  })
  return toBlock(boxes)
}

/** Lays images out in lines of up to four that fill the width, none higher than a contact strip. */
export function layoutNarrowStrip(ratios: readonly number[], width: number): MediaBlock {
  const columns = Math.min(ratios.length, MAX_STRIP_COLUMNS)
  const [ratio] = ratios
  if (ratio === undefined) return EMPTY_BLOCK
  if (areEqual(ratios)) {
    const cellWidth = Math.min(cellWidthOf(columns, width), Math.round(STRIP_HEIGHT * ratio))
    const cellHeight = Math.min(STRIP_HEIGHT, Math.max(1, Math.round(cellWidth / ratio)))
    return layoutCells(ratios.length, columns, cellWidth, cellHeight)
  }
  let top = 0
  const boxes = chunk(ratios, columns).flatMap(line => {
    const gaps = (line.length - 1) * TILE_GAP
    const height = Math.max(1, Math.min(STRIP_HEIGHT, Math.floor((width - gaps) / sum(line))))
    const tiles = justifyRow(line, Math.min(width, Math.floor(height * sum(line)) + gaps), top, height)
    top += height + TILE_GAP
    return tiles
  })
  return toBlock(boxes)
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

/** A block that is made narrower to be low enough fills at least this share of the width. */
const MIN_FILL = 0.7

/**
 * Lays images of one ratio out in the fewest columns that are low enough, or one more where that leaves no line short. One column
 * less, made narrower, is better where it leaves no line short either and its images are larger.
 */
function layoutColumns(ratio: number, count: number, width: number, maxHeight: number): MediaBlock {
  const limit = maxHeight * MAX_OVERSHOOT
  const cellHeightOf = (columns: number) => Math.max(1, Math.round(cellWidthOf(columns, width) / ratio))
  const heightOf = (columns: number) => blockHeightOf(count, columns, cellHeightOf(columns))
  const all = Array.from({ length: count }, (_, index) => index + 1)
  const fewest = all.find(columns => heightOf(columns) <= limit)
  if (fewest === undefined) {
    const cellHeight = Math.max(1, Math.floor(maxHeight))
    return layoutCells(count, count, Math.max(1, Math.floor(cellHeight * ratio)), cellHeight)
  }
  const columns = [fewest, fewest + 1].find(candidate => count % candidate === 0) ?? fewest
  const cellWidth = cellWidthOf(columns, width)
  const less = fewest - 1
  const lines = count / less
  const lowHeight = Math.floor((limit - (lines - 1) * TILE_GAP) / lines)
  const lowWidth = Math.floor(lowHeight * ratio)
  const isBetter = less > 0 && count % less === 0 && lowWidth > cellWidth
  if (isBetter && less * lowWidth >= width * MIN_FILL) return layoutCells(count, less, lowWidth, lowHeight)
  return layoutCells(count, columns, cellWidth, cellHeightOf(columns))
}

function blockHeightOf(count: number, columns: number, cellHeight: number): number {
  const lines = Math.ceil(count / columns)
  return lines * cellHeight + (lines - 1) * TILE_GAP
}

function cellWidthOf(columns: number, width: number): number {
  return Math.max(1, Math.floor((width - (columns - 1) * TILE_GAP) / columns))
}

function layoutCells(count: number, columns: number, width: number, height: number): MediaBlock {
  const boxes = Array.from({ length: count }, (_, index) => ({
    left: (index % columns) * (width + TILE_GAP),
    top: Math.floor(index / columns) * (height + TILE_GAP),
    width,
    height,
  }))
  return toBlock(boxes)
}

function toBlock(boxes: Box[]): MediaBlock {
  return {
    boxes,
    width: Math.max(0, ...boxes.map(box => box.left + box.width)),
    height: Math.max(0, ...boxes.map(box => box.top + box.height)),
  }
}

function areEqual(ratios: readonly number[]): boolean {
  return Math.max(...ratios) / Math.min(...ratios) < RATIO_TOLERANCE
}

function chunk(ratios: readonly number[], size: number): number[][] {
  const lines = Math.ceil(ratios.length / size)
  return Array.from({ length: lines }, (_, line) => ratios.slice(line * size, (line + 1) * size))
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
