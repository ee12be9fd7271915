/** A rectangle of pixels. */
export interface Rectangle {
  left: number
  top: number
  width: number
  height: number
}

/** A part of an image that the network enlarges at once. */
export interface Tile {
  /** The pixels that it gives to the result. Those of all tiles make up the image. */
  inner: Rectangle
  /** The pixels that the network is given: with those around `inner` on which the result depends. */
  outer: Rectangle
}

export interface TileOptions {
  /** Longest side of `inner`, in pixels. */
  side: number
  /** Pixels around `inner`, where the image has them. */
  overlap: number
}

/** Divides an image into tiles of about the same size, row by row. */
export function divideIntoTiles(image: { width: number; height: number }, { side, overlap }: TileOptions): Tile[] {
  const columns = divide(image.width, side)
  return divide(image.height, side).flatMap(row =>
    columns.map(column => {
      const [across, down] = [widen(column, overlap, image.width), widen(row, overlap, image.height)]
      return {
        inner: { left: column.start, top: row.start, width: column.length, height: row.length },
        outer: { left: across.start, top: down.start, width: across.length, height: down.length },
      }
    }),
  )
}

interface Span {
  start: number
  length: number
}

/** Divides a length into as few parts as it can be divided into, of which none is longer than `longest`. */
function divide(length: number, longest: number): Span[] {
  const count = Math.ceil(length / longest)
  const borderAt = (index: number) => Math.round((length * index) / count)
  return Array.from({ length: count }, (_, index) => ({
    start: borderAt(index),
    length: borderAt(index + 1) - borderAt(index),
  }))
}

function widen({ start, length }: Span, overlap: number, limit: number): Span {
  const first = Math.max(0, start - overlap)
  return { start: first, length: Math.min(limit, start + length + overlap) - first }
}
