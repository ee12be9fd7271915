import type { ProgressCallback, Raster } from '../raster/raster.ts'
import type { SceneDescription } from '../scene-description.ts'
import { createHeightFunction } from './height-function.ts'
import type { SkyModel } from './sky.ts'
import { createSurfaceShader, type ShadedPoint, type SurfacePoint } from './surface-shader.ts'

/** Where the land ends, in heights of the eye. */
const MAX_DEPTH = 90

/** How steeply land may rise, near enough, and how much higher single trees stand out. */
const MAX_SLOPE = 2
const MAX_TREE_HEIGHT = 0.34

/**
 * Draws the land slice by slice, away from the eye, each slice over what the nearer ones left free. What is hidden is left out
 * for as long as the land could not have risen into sight again, which is most of it.
 *
 * @see https://github.com/s-macke/VoxelSpace the technique, of the game Comanche, 1992
 */
export function renderTerrain(
  raster: Raster,
  scene: SceneDescription,
  sky: SkyModel,
  onProgress: ProgressCallback,
): void {
  const { width, height, pixelsPerUnit } = raster
  const terrain = createHeightFunction(scene, scene.seed)
  const shadeSurface = createSurfaceShader(scene, sky)
  const horizon = scene.horizon * pixelsPerUnit + height / 2
  const focalPixels = scene.focalLength * pixelsPerUnit
  const waterLevel = scene.water?.level ?? -Infinity
  const maxTreeHeight = scene.terrainType === 'forest' ? MAX_TREE_HEIGHT : 0
  const columns = createColumnBuffers(width, height)
  const point: SurfacePoint = { x: 0, z: 0, height: 0, slopeX: 0, slopeZ: 0, isWater: false, imageX: 0, imageY: 0 }
  const light: ShadedPoint = { tone: 0, tint: 0, fog: 0 }

  for (const slice of generateSlices(scene, raster)) {
    columns.heights.fill(Number.NaN)
    for (let i = 0; i < width; i++) if (slice.z >= (columns.skipUntilDepth[i] ?? 0)) traceColumn(i, slice)
    ;[columns.previousHeights, columns.heights] = [columns.heights, columns.previousHeights]
    onProgress(slice.progress)
  }

  function traceColumn(column: number, slice: DepthSlice): void {
    const groundHeight = heightAt(column, slice)
    point.isWater = groundHeight <= waterLevel
    point.height = point.isWater ? waterLevel : groundHeight
    const y = horizon + (focalPixels * (1 - point.height)) / slice.z
    const top = columns.topRow[column] ?? 0
    if (y < top) shadeColumn(column, y, groundHeight, slice)
    else {
      const sinking = (top - horizon) / focalPixels
      const gap = ((y - top) * slice.z) / focalPixels - maxTreeHeight
      columns.skipUntilDepth[column] = slice.z + gap / Math.max(0.1, MAX_SLOPE + sinking)
    }
    columns.previousRow[column] = y
    columns.wasWater[column] = point.isWater ? 1 : 0
  }

  function shadeColumn(column: number, y: number, groundHeight: number, slice: DepthSlice): void {
    point.x = (column - width / 2) * slice.pixelWidth
    point.z = slice.z
    point.slopeX = (heightAt(column + 1, slice) - heightAt(column - 1, slice)) / (2 * slice.pixelWidth)
    point.slopeZ = (groundHeight - heightBefore(column, slice)) / slice.step
    point.imageX = (column - width / 2) / pixelsPerUnit
    point.imageY = (y - height / 2) / pixelsPerUnit
    shadeSurface(point, light)
    fillColumn(raster, columns, column, y, light, point.isWater)
  }

  function heightAt(column: number, { z, step, pixelWidth, octaves }: DepthSlice): number {
    const known = columns.heights[column + 1] ?? 0
    if (!Number.isNaN(known)) return known
    const height = terrain((column - width / 2) * pixelWidth, z, octaves, step)
    columns.heights[column + 1] = height
    return height
  }

  /** Where it was hidden then it is looked up now, straight behind and not towards the eye: near enough. */
  function heightBefore(column: number, { z, step, pixelWidth, octaves }: DepthSlice): number {
    const known = columns.previousHeights[column + 1] ?? 0
    return Number.isNaN(known) ? terrain((column - width / 2) * pixelWidth, z - step, octaves, step) : known
  }
}

/** What is known of each column of the picture. */
interface ColumnBuffers {
  /** Heights of this slice and the one before, from one column left of the picture; NaN where nobody has looked. */
  heights: Float64Array
  previousHeights: Float64Array
  /** The depth before which it need not be looked at. */
  skipUntilDepth: Float64Array
  /** The row down to which it is still free. */
  topRow: Float64Array
  /** The row of the slice before, hidden or not, and whether it was water. */
  previousRow: Float64Array
  wasWater: Uint8Array
  /** The light of what was drawn last. */
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
  /** Depth since the slice before. */
  step: number
  /** Width of a pixel there. */
  pixelWidth: number
  /** As many as can be seen there; a fraction fades the last one in. */
  octaves: number
  progress: number
}

/** About one slice a row near by, and a fixed proportion farther off. */
function* generateSlices(scene: SceneDescription, { height, pixelsPerUnit }: Raster): Generator<DepthSlice> {
  const below = Math.max(0.15, height / pixelsPerUnit / 2 - scene.horizon)
  const fine = SLICE_DENSITY[scene.terrainType] ?? { stepScale: 1, maxStep: Infinity }
  const near = Math.max(0.3, (scene.focalLength * 0.35) / below)
  const stepAt = (z: number) => {
    const step =
      z * fine.stepScale * Math.min(z / (scene.focalLength * pixelsPerUnit), 0.007 * Math.sqrt(1024 / pixelsPerUnit))
    return z < 14 ? Math.min(step, fine.maxStep) : step
  }
  let step = stepAt(near)
  for (let z = near; z < MAX_DEPTH; z += step) {
    const pixelWidth = z / (scene.focalLength * pixelsPerUnit)
    const octaves = Math.max(1, Math.min(9, Math.log2(scene.featureScale / (pixelWidth * 2.2)) + 2.2))
    yield { z, step, pixelWidth, octaves, progress: Math.log(z / near) / Math.log(MAX_DEPTH / near) }
    step = stepAt(z)
  }
}

/** Steep rock, sharp crests and single trees fall between coarser slices. */
const SLICE_DENSITY: Partial<Record<SceneDescription['terrainType'], { stepScale: number; maxStep: number }>> = {
  peaks: { stepScale: 0.7, maxStep: Infinity },
  shore: { stepScale: 0.5, maxStep: Infinity },
  dunes: { stepScale: 0.6, maxStep: Infinity },
  forest: { stepScale: 1, maxStep: 0.018 },
}

/** Draws one column up to row `y`, from the light of the slice before to that of this one where both are one surface. */
function fillColumn(
  raster: Raster,
  columns: ColumnBuffers,
  column: number,
  y: number,
  light: ShadedPoint,
  isWater: boolean,
): void {
  const { width, height, tone, tint, coverage, reflectivity } = raster
  const limit = columns.topRow[column] ?? 0
  const edge = (columns.previousRow[column] ?? 0) > limit + 1e-6 || isWater !== (columns.wasWater[column] === 1)
  const fromTone = edge ? light.tone : (columns.tone[column] ?? 0)
  const fromTint = edge ? light.tint : (columns.tint[column] ?? 0)
  const rise = Math.max(1e-6, limit - y)
  const last = Math.max(0, Math.floor(y))
  for (let row = Math.min(height - 1, Math.ceil(limit) - 1); row >= last; row--) {
    const at = row * width + column
    const part = Math.min(row + 1, limit) - Math.max(row, y)
    const share = Math.min(1, (limit - row) / rise)
    tone[at] = (tone[at] ?? 0) + part * (fromTone + (light.tone - fromTone) * share)
    tint[at] = (tint[at] ?? 0) + part * (fromTint + (light.tint - fromTint) * share)
    coverage[at] = (coverage[at] ?? 0) + part
    if (isWater) reflectivity[at] = (reflectivity[at] ?? 0) + part * (1 - light.fog)
  }
  columns.topRow[column] = y
  columns.tone[column] = light.tone
  columns.tint[column] = light.tint
}
