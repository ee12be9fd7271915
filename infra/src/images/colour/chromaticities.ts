/** Three numbers: XYZ, or one for each of red, green and blue. */
export type Vector = readonly [number, number, number]
type Matrix = readonly [Vector, Vector, Vector]

/** x and y of the white point and the primaries of an RGB space. */
export interface Chromaticities {
  white: readonly [number, number]
  red: readonly [number, number]
  green: readonly [number, number]
  blue: readonly [number, number]
}

const D65 = [0.3127, 0.329] as const

export const SRGB: Chromaticities = { white: D65, red: [0.64, 0.33], green: [0.3, 0.6], blue: [0.15, 0.06] }
export const DISPLAY_P3: Chromaticities = { white: D65, red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06] }
export const REC_2020: Chromaticities = { white: D65, red: [0.708, 0.292], green: [0.17, 0.797], blue: [0.131, 0.046] }

/** White point of profiles, in XYZ. */
export const D50: Vector = [0.9642, 1, 0.8249]

/** Bradford: from XYZ to the responses of cones, in which white points are adapted. */
const CONES: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
]

/** Computes the XYZ values of red, green and blue, adapted to the white point of profiles. */
export function computeProfileColorants({ white, red, green, blue }: Chromaticities): [Vector, Vector, Vector] {
  const primaries = transpose([toXyz(red), toXyz(green), toXyz(blue)])
  const whiteXyz = toXyz(white)
  const [r, g, b] = multiply(invert(primaries), whiteXyz)
  const from = multiply(CONES, whiteXyz)
  const to = multiply(CONES, D50)
  const adapt = (value: Vector): Vector => {
    const cones = multiply(CONES, value)
    const adapted = [0, 1, 2].map(index => ((cones[index] ?? 0) * (to[index] ?? 0)) / (from[index] ?? 1))
    return multiply(invert(CONES), adapted as unknown as Vector)
  }
  return [adapt(scale(toXyz(red), r)), adapt(scale(toXyz(green), g)), adapt(scale(toXyz(blue), b))]
}

function toXyz([x, y]: readonly [number, number]): Vector {
  return [x / y, 1, (1 - x - y) / y]
}

function scale([x, y, z]: Vector, factor: number): Vector {
  return [x * factor, y * factor, z * factor]
}

function multiply([first, second, third]: Matrix, vector: Vector): Vector {
  return [dot(first, vector), dot(second, vector), dot(third, vector)]
}

function dot([a, b, c]: Vector, [x, y, z]: Vector): number {
  return a * x + b * y + c * z
}

function transpose([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix {
  return [
    [a, d, g],
    [b, e, h],
    [c, f, i],
  ]
}

function invert(matrix: Matrix): Matrix {
  const [first, second, third] = matrix
  const determinant = dot(first, cross(second, third))
  const columns = transpose([cross(second, third), cross(third, first), cross(first, second)])
  return [scale(columns[0], 1 / determinant), scale(columns[1], 1 / determinant), scale(columns[2], 1 / determinant)]
}

function cross([a, b, c]: Vector, [x, y, z]: Vector): Vector {
  return [b * z - c * y, c * x - a * z, a * y - b * x]
}
