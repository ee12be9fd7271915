import type { ProgressCallback, Raster } from '../raster/raster.ts'
import type { SceneDescription } from '../scene-description.ts'
import { createHeightFunction } from './height-function.ts'
import type { SkyModel } from './sky-model.ts'
import { createSurfaceShader, type ShadedPoint, type SurfacePoint } from './surface-shader.ts'

/** Far plane: the terrain ends at this depth, in camera heights. */
const MAX_DEPTH = 90

/** Upper bounds that hidden terrain is skipped by: the slope of the terrain (approximate), and the height of trees above it. */
const MAX_SLOPE = 2
const MAX_TREE_HEIGHT = 0.34

/**
 * Renders the height field front to back, one depth slice after another, each into the pixels that nearer slices left
 * uncovered. A hidden column is skipped up to the first depth at which the terrain could have risen into view again: most of
 * the terrain is never evaluated.
 *
 * @see https://github.com/s-macke/VoxelSpace the voxel space algorithm, of the game Comanche, 1992
 */
export function renderTerrain(
  raster: Raster,
  scene: SceneDescription,
  sky: SkyModel,
  onProgress: ProgressCallback,
): void {
  const { width, height, pixelsPerUnit } = raster
  const heightFunction = createHeightFunction(scene, scene.seed)
  const shadeSurface = createSurfaceShader(scene, sky)
  const horizon = scene.horizon * pixelsPerUnit + height / 2
  const focalPixels = scene.focalLength * pixelsPerUnit
  const waterLevel = scene.water?.level ?? -Infinity
  const maxTreeHeight = scene.terrainType === 'forest' ? MAX_TREE_HEIGHT : 0
  const columns = createColumnBuffers(width, height)
  const point: SurfacePoint = { x: 0, z: 0, height: 0, slopeX: 0, slopeZ: 0, isWater: false, imageX: 0, imageY: 0 }
  const shaded: ShadedPoint = { tone: 0, tint: 0, fog: 0 }

  for (const slice of generateSlices(scene, raster)) {
    columns.heights.fill(Number.NaN)
    for (let i = 0; i < width; i++) if (slice.z >= (columns.skipUntilDepth[i] ?? 0)) traceColumn(i, slice)
    ;[columns.previousHeights, columns.heights] = [columns.heights, columns.previousHeights]
    onProgress(slice.progress)
  }

  function traceColumn(column: number, slice: DepthSlice): void {
    const terrainHeight = heightAt(column, slice)
    point.isWater = terrainHeight <= waterLevel
    point.height = point.isWater ? waterLevel : terrainHeight
    const y = horizon + (focalPixels * (1 - point.height)) / slice.z
    const top = columns.topRow[column] ?? 0
    if (y < top) shadeColumn(column, y, terrainHeight, slice)
    else {
      const sinking = (top - horizon) / focalPixels
      const gap = ((y - top) * slice.z) / focalPixels - maxTreeHeight
      columns.skipUntilDepth[column] = slice.z + gap / Math.max(0.1, MAX_SLOPE + sinking)
    }
    columns.previousRow[column] = y
    columns.wasWater[column] = point.isWater ? 1 : 0
  }

  function shadeColumn(column: number, y: number, terrainHeight: number, slice: DepthSlice): void {
    point.x = (column - width / 2) * slice.pixelWidth
    point.z = slice.z
    point.slopeX = (heightAt(column + 1, slice) - heightAt(column - 1, slice)) / (2 * slice.pixelWidth)
    point.slopeZ = (terrainHeight - heightBefore(column, slice)) / slice.step
    point.imageX = (column - width / 2) / pixelsPerUnit
    point.imageY = (y - height / 2) / pixelsPerUnit
    shadeSurface(point, shaded)
    fillColumn(raster, columns, column, y, shaded, point.isWater)
  }

  function heightAt(column: number, { z, step, pixelWidth, octaves }: DepthSlice): number {
    const known = columns.heights[column + 1] ?? 0
    if (!Number.isNaN(known)) return known
    const height = heightFunction((column - width / 2) * pixelWidth, z, octaves, step)
    columns.heights[column + 1] = height
    return height
  }

  /** Returns the height in the slice before. Where that was skipped it is approximated: at the same x, not along the view ray. */
  function heightBefore(column: number, { z, step, pixelWidth, octaves }: DepthSlice): number {
    const known = columns.previousHeights[column + 1] ?? 0
    return Number.isNaN(known) ? heightFunction((column - width / 2) * pixelWidth, z - step, octaves, step) : known
  }
}

/** State of each column of the image. */
interface ColumnBuffers {
  /** Heights of this slice and the one before, beginning one column left of the image; NaN where not evaluated. */
  heights: Float64Array
  previousHeights: Float64Array
  /** Depth up to which the column is hidden and skipped. */
  skipUntilDepth: Float64Array
  /** Topmost covered row: rows above it are uncovered. */
  topRow: Float64Array
  /** Row of the last evaluated slice, hidden or not, and whether it was water. */
  previousRow: Float64Array
  wasWater: Uint8Array
  /** Tone and tint of the last pixels rendered. */
  tone: Float64Array
  tint: Float64Array
}

function createColumnBuffers(width: number, height: number): ColumnBuffers {
  return {
    heights: new Float64Array(width + 2),
    previousHeights: new Float64Array(width + 2).fill(Number.NaN),
    skipUntilDepth: new Float64Array(width),
    topRow: new Float64Array(width).fill(height),
    previousRow: new Float64Array(width).fill(height + 1),
    wasWater: new Uint8Array(width),
    tone: new Float64Array(width),
    tint: new Float64Array(width),
  }
}

interface DepthSlice {
  z: number
  /** Distance to the slice before. */
  step: number
  /** Width of a pixel at this depth. */
  pixelWidth: number
  /** Octaves of noise that a pixel can resolve at this depth; a fraction fades the last one in. */
  octaves: number
  progress: number
}

/** Yields the depth slices: about one per pixel row in the foreground, and at distances that grow by a fixed ratio beyond. */
function* generateSlices(scene: SceneDescription, { height, pixelsPerUnit }: Raster): Generator<DepthSlice> {
  const below = Math.max(0.15, height / pixelsPerUnit / 2 - scene.horizon)
  const density = SLICE_DENSITY[scene.terrainType] ?? { stepScale: 1, maxStep: Infinity }
  const near = Math.max(0.3, (scene.focalLength * 0.35) / below)
  const stepAt = (z: number) => {
    const step =
      z * density.stepScale * Math.min(z / (scene.focalLength * pixelsPerUnit), 0.007 * Math.sqrt(1024 / pixelsPerUnit))
    return z < 14 ? Math.min(step, density.maxStep) : step
  }
  let step = stepAt(near)
  for (let z = near; z < MAX_DEPTH; z += step) {
    const pixelWidth = z / (scene.focalLength * pixelsPerUnit)
    const octaves = Math.max(1, Math.min(9, Math.log2(scene.featureScale / (pixelWidth * 2.2)) + 2.2))
    yield { z, step, pixelWidth, octaves, progress: Math.log(z / near) / Math.log(MAX_DEPTH / near) }
    step = stepAt(z)
  }
}

/** Denser slices for terrain with steep rock, sharp crests or single trees, which coarser slices would miss. */
const SLICE_DENSITY: Partial<Record<SceneDescription['terrainType'], { stepScale: number; maxStep: number }>> = {
  peaks: { stepScale: 0.7, maxStep: Infinity },
  shore: { stepScale: 0.5, maxStep: Infinity },
  dunes: { stepScale: 0.6, maxStep: Infinity },
  forest: { stepScale: 1, maxStep: 0.018 },
}

/**
 * Fills a column up to row `y`, with fractional coverage at the ends (anti-aliasing). Tone and tint are interpolated from the
 * slice before where both belong to one surface.
 */
function fillColumn(
  raster: Raster,
  columns: ColumnBuffers,
  column: number,
  y: number,
  shaded: ShadedPoint,
  isWater: boolean,
): void {
  const { width, height, tone, tint, coverage, reflectivity } = raster
  const limit = columns.topRow[column] ?? 0
  const isEdge = (columns.previousRow[column] ?? 0) > limit + 1e-6 || isWater !== (columns.wasWater[column] === 1)
  const fromTone = isEdge ? shaded.tone : (columns.tone[column] ?? 0)
  const fromTint = isEdge ? shaded.tint : (columns.tint[column] ?? 0)
  const rise = Math.max(1e-6, limit - y)
  const last = Math.max(0, Math.floor(y))
  for (let row = Math.min(height - 1, Math.ceil(limit) - 1); row >= last; row--) {
    const at = row * width + column
    const part = Math.min(row + 1, limit) - Math.max(row, y)
    const share = Math.min(1, (limit - row) / rise)
    tone[at] = (tone[at] ?? 0) + part * (fromTone + (shaded.tone - fromTone) * share)
    tint[at] = (tint[at] ?? 0) + part * (fromTint + (shaded.tint - fromTint) * share)
    coverage[at] = (coverage[at] ?? 0) + part
    if (isWater) reflectivity[at] = (reflectivity[at] ?? 0) + part * (1 - shaded.fog)
  }
  columns.topRow[column] = y
  columns.tone[column] = shaded.tone
  columns.tint[column] = shaded.tint
}
