import type { PixelSize } from '@darkroom/contracts/size'
import type { BrushPoint, MaskChange } from './strokes.ts'

/** A mask with a byte for each pixel of its image: 255 where it is to be changed, else 0. */
export interface MaskRaster extends PixelSize {
  data: Uint8Array<ArrayBuffer>
}

/** A part of a raster, in whole pixels; `right` and `bottom` are beyond it. */
export interface Rect {
  left: number
  top: number
  right: number
  bottom: number
}

const MARKED = 255

/** Creates an empty mask. */
export function createRaster({ width, height }: PixelSize): MaskRaster {
  return { width, height, data: new Uint8Array(width * height) }
}

/** Applies changes to an empty mask, in their order. */
export function rasterise(raster: MaskRaster, changes: readonly MaskChange[]): void {
  raster.data.fill(0)
  for (const change of changes) applyChange(raster, change)
}

/** Applies a change to a mask. @returns the part that may have changed */
export function applyChange(raster: MaskRaster, change: MaskChange): Rect {
  if (change.kind === 'stroke') return paintPoints(raster, change.points, change.erases)
  if (change.kind === 'clear') raster.data.fill(0)
  if (change.kind === 'invert') invert(raster.data)
  return { left: 0, top: 0, right: raster.width, bottom: raster.height }
}

/**
 * Paints the line through points, from one of them on. A pixel is in it if its centre is at most a radius from the line to the point
 * with that radius. There are no half-marked pixels: a provider reads the edge as it is.
 *
 * @returns the part that may have changed
 */
export function paintPoints(raster: MaskRaster, points: readonly BrushPoint[], erases: boolean, from = 0): Rect {
  const bounds = { left: raster.width, top: raster.height, right: 0, bottom: 0 }
  for (let index = from; index < points.length; index += 1) {
    const end = points[index]
    const start = points[index - 1] ?? end
    if (!start || !end) continue
    const touched = paintSegment(raster, start, end, erases ? 0 : MARKED)
    bounds.left = Math.min(bounds.left, touched.left)
    bounds.top = Math.min(bounds.top, touched.top)
    bounds.right = Math.max(bounds.right, touched.right)
    bounds.bottom = Math.max(bounds.bottom, touched.bottom)
  }
  return bounds
}

/** Returns the marked share of the image, from 0 to 1. */
export function computeMarkedShare({ data }: MaskRaster): number {
  let marked = 0
  for (const value of data) marked += value & 1
  return data.length === 0 ? 0 : marked / data.length
}

function invert(data: Uint8Array): void {
  for (let index = 0; index < data.length; index += 1) data[index] = MARKED - (data[index] ?? 0)
}

/** Fills the rows of the capsule around a line, whose radius is that of its end. */
function paintSegment(raster: MaskRaster, start: BrushPoint, end: BrushPoint, value: number): Rect {
  const { radius } = end
  const top = Math.max(0, Math.ceil(Math.min(start.y, end.y) - radius - 0.5))
  const bottom = Math.min(raster.height, Math.floor(Math.max(start.y, end.y) + radius + 0.5))
  const left = Math.max(0, Math.floor(Math.min(start.x, end.x) - radius))
  const right = Math.min(raster.width, Math.ceil(Math.max(start.x, end.x) + radius))
  for (let row = top; row < bottom; row += 1) {
    const [low, high] = findSpan(start, end, row + 0.5)
    const first = Math.max(0, Math.ceil(low - 0.5))
    const last = Math.min(raster.width - 1, Math.floor(high - 0.5))
    if (first <= last) raster.data.fill(value, row * raster.width + first, row * raster.width + last + 1)
  }
  return { left, top, right, bottom }
}

/** Returns the part of a row that is in a capsule. The capsule is convex, so this is one span: that of its circles and its body. */
function findSpan(start: BrushPoint, end: BrushPoint, y: number): [number, number] {
  const edges = [...crossCircle(start, end.radius, y), ...crossCircle(end, end.radius, y), ...crossBody(start, end, y)]
  return [Math.min(...edges), Math.max(...edges)]
}

function crossCircle(center: BrushPoint, radius: number, y: number): number[] {
  const square = radius ** 2 - (y - center.y) ** 2
  if (square < 0) return []
  return [center.x - Math.sqrt(square), center.x + Math.sqrt(square)]
}

/** Returns where a row crosses the rectangle between the two circles of a capsule. */
function crossBody(start: BrushPoint, end: BrushPoint, y: number): number[] {
  const length = Math.hypot(end.x - start.x, end.y - start.y)
  if (length === 0) return []
  const across = { x: (-(end.y - start.y) / length) * end.radius, y: ((end.x - start.x) / length) * end.radius }
  const corners = [
    { x: start.x + across.x, y: start.y + across.y },
    { x: end.x + across.x, y: end.y + across.y },
    { x: end.x - across.x, y: end.y - across.y },
    { x: start.x - across.x, y: start.y - across.y },
  ]
  return corners.flatMap((corner, index) => {
    const next = corners[(index + 1) % corners.length]
    if (!next || corner.y === next.y || (y - corner.y) * (y - next.y) > 0) return []
    return [corner.x + ((y - corner.y) / (next.y - corner.y)) * (next.x - corner.x)]
  })
}
