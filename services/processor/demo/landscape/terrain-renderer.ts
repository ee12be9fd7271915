import type { Plate, Told } from '../raster/raster.ts'
import type { Composition } from '../scene-description.ts'
import { terrainOf } from './height-function.ts'
import type { Sky } from './sky.ts'
import { type Light, type Spot, surfaceOf } from './surface-shader.ts'

/** Where the land ends, in heights of the eye. */
const FAR = 90

/** How steeply land may rise, near enough, and how much higher single trees stand out. */
const STEEPEST = 2
const TALLEST_TREE = 0.34

/**
 * Draws the land slice by slice, away from the eye, each slice over what the nearer ones left free. What is hidden is left out
 * for as long as the land could not have risen into sight again, which is most of it.
 *
 * @see https://github.com/s-macke/VoxelSpace the technique, of the game Comanche, 1992
 */
export function drawLand(plate: Plate, c: Composition, sky: Sky, told: Told): void {
  const { width, height, side } = plate
  const terrain = terrainOf(c, c.seed)
  const shine = surfaceOf(c, sky)
  const horizon = c.horizon * side + height / 2
  const reach = c.lens * side
  const sea = c.water?.level ?? -Infinity
  const bump = c.ground === 'forest' ? TALLEST_TREE : 0
  const columns = newColumns(width, height)
  const spot: Spot = { x: 0, z: 0, level: 0, slopeX: 0, slopeZ: 0, wet: false, across: 0, down: 0 }
  const light: Light = { tone: 0, tint: 0, fog: 0 }

  for (const slice of slicesOf(c, plate)) {
    columns.now.fill(Number.NaN)
    for (let i = 0; i < width; i++) if (slice.z >= (columns.wake[i] ?? 0)) look(i, slice)
    ;[columns.before, columns.now] = [columns.now, columns.before]
    told(slice.share)
  }

  function look(column: number, slice: Slice): void {
    const ground = heightAt(column, slice)
    spot.wet = ground <= sea
    spot.level = spot.wet ? sea : ground
    const y = horizon + (reach * (1 - spot.level)) / slice.z
    const top = columns.top[column] ?? 0
    if (y < top) show(column, y, ground, slice)
    else {
      const sinking = (top - horizon) / reach
      const gap = ((y - top) * slice.z) / reach - bump
      columns.wake[column] = slice.z + gap / Math.max(0.1, STEEPEST + sinking)
    }
    columns.last[column] = y
    columns.wet[column] = spot.wet ? 1 : 0
  }

  function show(column: number, y: number, ground: number, slice: Slice): void {
    spot.x = (column - width / 2) * slice.pixel
    spot.z = slice.z
    spot.slopeX = (heightAt(column + 1, slice) - heightAt(column - 1, slice)) / (2 * slice.pixel)
    spot.slopeZ = (ground - heightBefore(column, slice)) / slice.step
    spot.across = (column - width / 2) / side
    spot.down = (y - height / 2) / side
    shine(spot, light)
    raise(plate, columns, column, y, light, spot.wet)
  }

  function heightAt(column: number, { z, step, pixel, octaves }: Slice): number {
    const known = columns.now[column + 1] ?? 0
    if (!Number.isNaN(known)) return known
    const height = terrain((column - width / 2) * pixel, z, octaves, step)
    columns.now[column + 1] = height
    return height
  }

  /** Where it was hidden then it is looked up now, straight behind and not towards the eye: near enough. */
  function heightBefore(column: number, { z, step, pixel, octaves }: Slice): number {
    const known = columns.before[column + 1] ?? 0
    return Number.isNaN(known) ? terrain((column - width / 2) * pixel, z - step, octaves, step) : known
  }
}

/** What is known of each column of the picture. */
interface Columns {
  /** Heights of this slice and the one before, from one column left of the picture; NaN where nobody has looked. */
  now: Float64Array
  before: Float64Array
  /** The depth before which it need not be looked at. */
  wake: Float64Array
  /** The row down to which it is still free. */
  top: Float64Array
  /** The row of the slice before, hidden or not, and whether it was water. */
  last: Float64Array
  wet: Uint8Array
  /** The light of what was drawn last. */
  tone: Float64Array
  tint: Float64Array
}

function newColumns(width: number, height: number): Columns {
  return {
    now: new Float64Array(width + 2),
    before: new Float64Array(width + 2).fill(Number.NaN),
    wake: new Float64Array(width),
    top: new Float64Array(width).fill(height),
    last: new Float64Array(width).fill(height + 1),
    wet: new Uint8Array(width),
    tone: new Float64Array(width),
    tint: new Float64Array(width),
  }
}

interface Slice {
  z: number
  /** Depth since the slice before. */
  step: number
  /** Width of a pixel there. */
  pixel: number
  /** As many as can be seen there; a fraction fades the last one in. */
  octaves: number
  share: number
}

/** About one slice a row near by, and a fixed proportion farther off. */
function* slicesOf(c: Composition, { height, side }: Plate): Generator<Slice> {
  const below = Math.max(0.15, height / side / 2 - c.horizon)
  const fine = FINENESS[c.ground] ?? { times: 1, most: Infinity }
  const near = Math.max(0.3, (c.lens * 0.35) / below)
  const stepAt = (z: number) => {
    const step = z * fine.times * Math.min(z / (c.lens * side), 0.007 * Math.sqrt(1024 / side))
    return z < 14 ? Math.min(step, fine.most) : step
  }
  let step = stepAt(near)
  for (let z = near; z < FAR; z += step) {
    const pixel = z / (c.lens * side)
    const octaves = Math.max(1, Math.min(9, Math.log2(c.span / (pixel * 2.2)) + 2.2))
    yield { z, step, pixel, octaves, share: Math.log(z / near) / Math.log(FAR / near) }
    step = stepAt(z)
  }
}

/** Steep rock, sharp crests and single trees fall between coarser slices. */
const FINENESS: Partial<Record<Composition['ground'], { times: number; most: number }>> = {
  peaks: { times: 0.7, most: Infinity },
  shore: { times: 0.5, most: Infinity },
  dunes: { times: 0.6, most: Infinity },
  forest: { times: 1, most: 0.018 },
}

/** Draws one column up to row `y`, from the light of the slice before to that of this one where both are one surface. */
function raise(plate: Plate, columns: Columns, column: number, y: number, light: Light, wet: boolean): void {
  const { width, height, tone, tint, cover, mirror } = plate
  const limit = columns.top[column] ?? 0
  const edge = (columns.last[column] ?? 0) > limit + 1e-6 || wet !== (columns.wet[column] === 1)
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
    cover[at] = (cover[at] ?? 0) + part
    if (wet) mirror[at] = (mirror[at] ?? 0) + part * (1 - light.fog)
  }
  columns.top[column] = y
  columns.tone[column] = light.tone
  columns.tint[column] = light.tint
}
