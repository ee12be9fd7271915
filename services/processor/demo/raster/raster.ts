/** A picture before it is printed: how light each point is and how much of the warm light is on it, row by row. */
export interface Raster {
  readonly width: number
  readonly height: number
  /** Of the square of equal area, in pixels: one unit of length. */
  readonly pixelsPerUnit: number
  /** 0 is dark, 1 is light. */
  readonly tone: Float32Array
  /** 0 is shade, 1 is lit. */
  readonly tint: Float32Array
  /** How much of a point is taken by what is nearer than the sky, 0 to 1. */
  readonly coverage: Float32Array
  /** How much of a point is water that mirrors. */
  readonly reflectivity: Float32Array
}

export function createRaster(width: number, height: number): Raster {
  const points = width * height
  return {
    width,
    height,
    pixelsPerUnit: Math.sqrt(points),
    tone: new Float32Array(points),
    tint: new Float32Array(points),
    coverage: new Float32Array(points),
    reflectivity: new Float32Array(points),
  }
}

/** Told how much of a layer is done, 0 to 1, about a hundred times a layer. */
export type ProgressCallback = (share: number) => void
