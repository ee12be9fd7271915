export interface Size {
  width: number
  height: number
}

export interface Point {
  x: number
  y: number
}

/** The image and the viewport that it is shown in. */
export interface ZoomFrame {
  /** Size of the image, in pixels of the file. */
  image: Size
  /** Size of the viewport, in CSS pixels. */
  viewport: Size
  /** Device pixels of a CSS pixel. */
  pixelRatio: number
}

/** The part of an image that is shown. */
export interface ZoomView {
  /** Device pixels of a pixel of the file: at 1 each is shown as it is. */
  scale: number
  /** Offset of the image's centre from the viewport's centre, in CSS pixels. */
  x: number
  y: number
}

/** The scales of the steps of `stepScale`. */
const STEPS = [0.05, 0.0625, 0.0833, 0.125, 0.1667, 0.25, 0.3333, 0.5, 0.6667, 0.75, 1, 1.5, 2, 3, 4, 6, 8]
const MAX_SCALE = 8

/** Two scales that differ by less are the same. */
const TOLERANCE = 1e-4

/** Returns the scale at which all of the image is visible. It is at most 1: nothing is enlarged unless the user does it. */
export function fitScale({ image, viewport, pixelRatio }: ZoomFrame): number {
  const across = (viewport.width * pixelRatio) / Math.max(1, image.width)
  const down = (viewport.height * pixelRatio) / Math.max(1, image.height)
  return Math.max(0.001, Math.min(1, across, down))
}

/** Returns the view in which all of the image is visible, in the middle. */
export function fitView(frame: ZoomFrame): ZoomView {
  return { scale: fitScale(frame), x: 0, y: 0 }
}

/** Returns the size at which an image is shown, in CSS pixels. */
export function shownSize({ image, pixelRatio }: ZoomFrame, scale: number): Size {
  return { width: (image.width * scale) / pixelRatio, height: (image.height * scale) / pixelRatio }
}

/** Returns how far the image can be moved from the middle in each direction, in CSS pixels: no farther than its edge. */
export function panLimits(frame: ZoomFrame, scale: number): Point {
  const { width, height } = shownSize(frame, scale)
  return {
    x: Math.max(0, (width - frame.viewport.width) / 2),
    y: Math.max(0, (height - frame.viewport.height) / 2),
  }
}

/** Returns the nearest view that is allowed: from Fit to 8:1, without a gap that a move could close. */
export function clampView(frame: ZoomFrame, view: ZoomView): ZoomView {
  const scale = clamp(view.scale, fitScale(frame), MAX_SCALE)
  const limits = panLimits(frame, scale)
  return { scale, x: clamp(view.x, -limits.x, limits.x), y: clamp(view.y, -limits.y, limits.y) }
}

/**
 * Returns the view at another scale, in which the same point of the image lies under a point of the viewport, as far as the limits
 * allow it.
 *
 * @param point from the viewport's centre, in CSS pixels
 */
export function zoomAt(frame: ZoomFrame, view: ZoomView, scale: number, point: Point): ZoomView {
  const next = clamp(scale, fitScale(frame), MAX_SCALE)
  const factor = next / view.scale
  return clampView(frame, {
    scale: next,
    x: point.x - (point.x - view.x) * factor,
    y: point.y - (point.y - view.y) * factor,
  })
}

/** Returns the view moved by a number of CSS pixels. */
export function panBy(frame: ZoomFrame, view: ZoomView, by: Point): ZoomView {
  return clampView(frame, { ...view, x: view.x + by.x, y: view.y + by.y })
}

/** Returns whether all of the image is visible. */
export function isFit(frame: ZoomFrame, { scale }: ZoomView): boolean {
  return scale <= fitScale(frame) + TOLERANCE
}

/** Returns whether each pixel of the file is one of the screen. */
export function isActualSize({ scale }: ZoomView): boolean {
  return Math.abs(scale - 1) < TOLERANCE
}

/** Returns the view after a double click: Fit becomes 1:1 at the point, anything else Fit. An image that fits at 1:1 goes to 2:1. */
export function toggleView(frame: ZoomFrame, view: ZoomView, point: Point): ZoomView {
  if (!isFit(frame, view)) return fitView(frame)
  return zoomAt(frame, view, isActualSize(view) ? 2 : 1, point)
}

/** Returns the next scale of the steps, in or out. */
export function stepScale(scale: number, direction: 1 | -1): number {
  const next = direction === 1 ? STEPS.find(step => step > scale * 1.01) : STEPS.findLast(step => step < scale * 0.99)
  return next ?? scale
}

/** Returns the offset of the image's left top corner from the viewport's, in CSS pixels. It lies on whole device pixels. */
export function cornerOf(frame: ZoomFrame, view: ZoomView): Point {
  const { width, height } = shownSize(frame, view.scale)
  const snap = (offset: number) => Math.round(offset * frame.pixelRatio) / frame.pixelRatio
  return {
    x: snap((frame.viewport.width - width) / 2 + view.x),
    y: snap((frame.viewport.height - height) / 2 + view.y),
  }
}

/** Formats a scale: `79 %`, `8.5 %`. */
export function formatScale(scale: number): string {
  const percent = scale * 100
  return `${percent < 10 ? Number(percent.toFixed(1)) : Math.round(percent)} %`
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), Math.max(min, max))
}
