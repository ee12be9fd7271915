/** An image before color mapping: one value per pixel and channel, row by row. */
export interface Raster {
  readonly width: number
  readonly height: number
  /** Side of the square of equal area, in pixels: the unit of length on the image plane. */
  readonly pixelsPerUnit: number
  /** Brightness, 0 (dark) to 1. */
  readonly tone: Float32Array
  /** Position between the palette's gradients, 0 (shade) to 1 (lit). */
  readonly tint: Float32Array
  /** Share of the pixel that terrain or water covers, 0 to 1; the rest is sky. */
  readonly coverage: Float32Array
  /** Share of the pixel that reflects: water, less the haze in front of it. */
  readonly reflectivity: Float32Array
}

export function createRaster(width: number, height: number): Raster {
  const pixelCount = width * height
  return {
    width,
    height,
    pixelsPerUnit: Math.sqrt(pixelCount),
    tone: new Float32Array(pixelCount),
    tint: new Float32Array(pixelCount),
    coverage: new Float32Array(pixelCount),
    reflectivity: new Float32Array(pixelCount),
  }
}

/** Called with the share of a pass that is done, 0 to 1, for each row or depth slice. */
export type ProgressCallback = (share: number) => void
