import type { PixelSize } from '@darkroom/contracts/size'
import type { MaskView } from './mask-view.ts'
import type { MaskRaster, Rect } from './rasterise.ts'

/** Longest side of the mask as it is drawn, in pixels: memory stays small for a large image. The mask itself has all its pixels. */
const MAX_DRAWN_SIDE = 2_048
const FILL_OPACITY = 0.55
const OUTLINE_WIDTH = 1.5
const OUTLINE_STEPS = 12
/** From this scale on, pixels are drawn as squares. */
const PIXEL_SCALE = 3

/** Creates the drawing of a mask over its image: filled with the accent, with a white outline that shows on that colour too. */
export function createMaskOverlay(canvas: HTMLCanvasElement, raster: MaskRaster) {
  const step = Math.max(1, Math.ceil(Math.max(raster.width, raster.height) / MAX_DRAWN_SIDE))
  const drawn = document.createElement('canvas')
  drawn.width = Math.ceil(raster.width / step)
  drawn.height = Math.ceil(raster.height / step)
  const drawing = drawn.getContext('2d')
  const fill = readPixel(getComputedStyle(canvas).color)

  /** Takes over a part of the mask. */
  function update(rect: Rect) {
    const left = Math.floor(rect.left / step)
    const top = Math.floor(rect.top / step)
    const width = Math.min(drawn.width, Math.ceil(rect.right / step)) - left
    const height = Math.min(drawn.height, Math.ceil(rect.bottom / step)) - top
    if (!drawing || width <= 0 || height <= 0) return
    drawing.putImageData(copyPart(raster, { left, top, width, height }, { step, fill }), left, top)
  }

  /** Draws the mask as the view shows its image. */
  function draw(view: MaskView, stage: PixelSize) {
    const ratio = window.devicePixelRatio
    fitCanvas(canvas, stage, ratio)
    const context = canvas.getContext('2d')
    if (!context) return
    const outline = getComputedStyle(canvas).borderTopColor
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, canvas.width, canvas.height)
    context.imageSmoothingEnabled = view.scale < PIXEL_SCALE
    const stamp = (dx: number, dy: number) => {
      const scale = ratio * view.scale * step
      context.setTransform(scale, 0, 0, scale, ratio * (view.x + dx), ratio * (view.y + dy))
      context.drawImage(drawn, 0, 0)
    }
    for (let index = 0; index < OUTLINE_STEPS; index += 1) {
      const angle = (index / OUTLINE_STEPS) * 2 * Math.PI
      stamp(OUTLINE_WIDTH * Math.cos(angle), OUTLINE_WIDTH * Math.sin(angle))
    }
    tint(context, outline)
    context.globalCompositeOperation = 'destination-out'
    stamp(0, 0)
    context.globalCompositeOperation = 'source-over'
    context.globalAlpha = FILL_OPACITY
    stamp(0, 0)
    context.globalAlpha = 1
  }

  return { update, draw }
}

/** Colours what is drawn so far. */
function tint(context: CanvasRenderingContext2D, color: string) {
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.globalCompositeOperation = 'source-in'
  context.fillStyle = color
  context.fillRect(0, 0, context.canvas.width, context.canvas.height)
}

function fitCanvas(canvas: HTMLCanvasElement, { width, height }: PixelSize, ratio: number) {
  const pixelWidth = Math.max(1, Math.round(width * ratio))
  const pixelHeight = Math.max(1, Math.round(height * ratio))
  if (canvas.width !== pixelWidth) canvas.width = pixelWidth
  if (canvas.height !== pixelHeight) canvas.height = pixelHeight
}

interface Part extends PixelSize {
  left: number
  top: number
}

/** Returns the bytes of a colour, in whatever notation: red, green and blue. */
function readPixel(color: string): Uint8ClampedArray {
  const context = new OffscreenCanvas(1, 1).getContext('2d')
  if (!context) return new Uint8ClampedArray(3)
  context.fillStyle = color
  context.fillRect(0, 0, 1, 1)
  return context.getImageData(0, 0, 1, 1).data.subarray(0, 3)
}

function copyPart(
  raster: MaskRaster,
  { left, top, width, height }: Part,
  { step, fill }: { step: number; fill: Uint8ClampedArray },
): ImageData {
  const image = new ImageData(width, height)
  for (let row = 0; row < height; row += 1) {
    const start = (top + row) * step * raster.width
    for (let column = 0; column < width; column += 1) {
      const pixel = 4 * (row * width + column)
      image.data.set(fill, pixel)
      image.data[pixel + 3] = raster.data[start + (left + column) * step] ?? 0
    }
  }
  return image
}
