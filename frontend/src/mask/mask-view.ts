import type { PixelSize } from '@darkroom/contracts/size'

/** A point, in CSS pixels of the stage or in pixels of the image. */
export interface Point {
  x: number
  y: number
}

/** The image as the stage shows it: CSS pixels for a pixel of the image, and where its top left corner is. */
export interface MaskView extends Point {
  scale: number
}

const MAX_SCALE = 32
/** A smaller image is shown larger than it is, up to this. */
const MAX_FIT_SCALE = 4
/** Part of the image that stays in view, in CSS pixels. */
const LEAST_VISIBLE = 64

/** Returns the view that shows the whole image, in the middle. */
export function fitView(stage: PixelSize, image: PixelSize): MaskView {
  const scale = Math.min(stage.width / image.width, stage.height / image.height, MAX_FIT_SCALE)
  return { scale, x: (stage.width - image.width * scale) / 2, y: (stage.height - image.height * scale) / 2 }
}

/** Zooms by a factor. The pixel at a point of the stage stays there. */
export function zoomAt(view: MaskView, at: Point, factor: number, stage: PixelSize, image: PixelSize): MaskView {
  const least = fitView(stage, image).scale / 2
  const scale = Math.min(MAX_SCALE, Math.max(least, view.scale * factor))
  const ratio = scale / view.scale
  const moved = { scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio }
  return panBy(moved, { x: 0, y: 0 }, stage, image)
}

/** Moves the image, as far as a part of it stays in view. */
export function panBy(view: MaskView, by: Point, stage: PixelSize, image: PixelSize): MaskView {
  const clamp = (position: number, length: number, available: number) =>
    Math.min(available - LEAST_VISIBLE, Math.max(LEAST_VISIBLE - length, position))
  return {
    scale: view.scale,
    x: clamp(view.x + by.x, image.width * view.scale, stage.width),
    y: clamp(view.y + by.y, image.height * view.scale, stage.height),
  }
}

/** Returns the point of the image that is at a point of the stage. */
export function toImagePoint(view: MaskView, { x, y }: Point): Point {
  return { x: (x - view.x) / view.scale, y: (y - view.y) / view.scale }
}

/** Returns the point of the stage at which a point of the image is. */
export function toStagePoint(view: MaskView, { x, y }: Point): Point {
  return { x: x * view.scale + view.x, y: y * view.scale + view.y }
}
