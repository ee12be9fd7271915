import { hash32 } from '../raster/random.ts'

/** Creates a function that returns the height of the conifers at a point; 0 between them. */
export function createTreeHeight(seed: number): (x: number, z: number) => number {
  // Two grids with different rotations: the rows of a single one would show as lines towards the camera.
  return (x, z) =>
    Math.max(
      treeHeightAt(0.86 * x - 0.51 * z, 0.51 * x + 0.86 * z, seed, 0.095),
      treeHeightAt(0.64 * x + 0.77 * z, 0.64 * z - 0.77 * x, seed ^ 0x55, 0.068),
    )
}

/** Share of cells without a tree. */
const TREELESS_SHARE = 0.3

/** Returns the height of the tree of a grid cell: a cone with tiers of branches, at a random position wholly inside the cell. */
function treeHeightAt(x: number, z: number, seed: number, cell: number): number {
  const column = Math.floor(x / cell)
  const row = Math.floor(z / cell)
  const bits = hash32(Math.imul(column, 0x27d4eb2f) ^ Math.imul(row, 0x165667b1) ^ seed)
  const size = ((bits >>> 16) & 0xff) / 255
  if (size < TREELESS_SHARE) return 0
  const radius = 0.2 + 0.12 * size
  const jitter = (1 - 2 * radius) / 255
  const across = x / cell - column - radius - jitter * (bits & 0xff)
  const along = z / cell - row - radius - jitter * ((bits >>> 8) & 0xff)
  const out = Math.sqrt(across * across + along * along) / radius
  if (out > 1) return 0
  const branch = out * 7 + 2 * Math.atan2(along, across)
  return cell * (0.8 + 2.1 * size * size) * (1 - out + 0.1 * (branch - Math.floor(branch)))
}
