/** A coarse grid of values, sampled with interpolation over an image of any size. */
export interface Grid {
  readonly columns: number
  readonly rows: number
  readonly values: Float32Array
}

/** @param across, down position as shares of width and height, 0 to 1 */
export function sampleBilinear({ columns, rows, values }: Grid, across: number, down: number): number {
  const x = Math.min(columns - 1, Math.max(0, across * columns - 0.5))
  const y = Math.min(rows - 1, Math.max(0, down * rows - 0.5))
  const left = Math.min(columns - 2, Math.floor(x))
  const top = Math.min(rows - 2, Math.floor(y))
  const at = top * columns + left
  const upper = lerp(values[at] ?? 0, values[at + 1] ?? 0, x - left)
  const lower = lerp(values[at + columns] ?? 0, values[at + columns + 1] ?? 0, x - left)
  return lerp(upper, lower, y - top)
}

/** Blurs a grid with three box blurs in each direction, an approximation of a Gaussian. Radii are in cells. */
export function blur(grid: Grid, across: number, down: number): Grid {
  let { values } = grid
  for (let pass = 0; pass < 3; pass++) {
    values = boxBlurPass(values, grid.rows, grid.columns, grid.columns, 1, across)
    values = boxBlurPass(values, grid.columns, grid.rows, 1, grid.columns, down)
  }
  return { ...grid, values }
}

/** Averages a full-size field into a grid; every second row and column is enough. */
export function downsample(field: Float32Array, width: number, height: number, columns: number, rows: number): Grid {
  const sums = new Float32Array(columns * rows)
  const counts = new Float32Array(columns * rows)
  for (let y = 0; y < height; y += 2) {
    const row = Math.floor((y * rows) / height) * columns
    for (let x = 0; x < width; x += 2) {
      const cell = row + Math.floor((x * columns) / width)
      sums[cell] = (sums[cell] ?? 0) + (field[y * width + x] ?? 0)
      counts[cell] = (counts[cell] ?? 0) + 1
    }
  }
  return { columns, rows, values: sums.map((sum, cell) => sum / Math.max(1, counts[cell] ?? 1)) }
}

function boxBlurPass(
  from: Float32Array,
  lines: number,
  length: number,
  line: number,
  step: number,
  radius: number,
): Float32Array {
  const to = new Float32Array(from.length)
  for (let i = 0; i < lines; i++) {
    for (let k = 0; k < length; k++) {
      let sum = 0
      for (let d = -radius; d <= radius; d++)
        sum += from[i * line + Math.min(length - 1, Math.max(0, k + d)) * step] ?? 0
      to[i * line + k * step] = sum / (2 * radius + 1)
    }
  }
  return to
}

function lerp(a: number, b: number, share: number): number {
  return a + (b - a) * share
}
