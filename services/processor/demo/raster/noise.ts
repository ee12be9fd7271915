/** A smooth noise function of the plane, about -1 to 1, without a visible period. */
export type Noise = (x: number, y: number) => number

const DIRECTIONS = 256
const FULL_TURN = 2 * Math.PI

/** Unit gradients by direction, times 1.6, which scales the noise to about -1 to 1. */
const GRADIENT_X = Float64Array.from({ length: DIRECTIONS }, (_, i) => 1.6 * Math.cos((FULL_TURN * i) / DIRECTIONS))
const GRADIENT_Y = Float64Array.from({ length: DIRECTIONS }, (_, i) => 1.6 * Math.sin((FULL_TURN * i) / DIRECTIONS))

/**
 * Creates gradient noise (Perlin noise). Lattice corners are hashed instead of looked up in a permutation table, so the noise
 * does not repeat.
 *
 * @see Ken Perlin, Improving Noise, 2002, for the quintic fade
 */
export function createNoise(seed: number): Noise {
  return (x, y) => {
    const column = Math.floor(x)
    const row = Math.floor(y)
    const u = x - column
    const v = y - row
    const left = Math.imul(column, 0x27d4eb2f) ^ seed
    const right = Math.imul(column + 1, 0x27d4eb2f) ^ seed
    const top = Math.imul(row, 0x165667b1)
    const bottom = Math.imul(row + 1, 0x165667b1)
    const across = fade(u)
    const a = cornerGradient(left ^ top, u, v)
    const b = cornerGradient(right ^ top, u - 1, v)
    const c = cornerGradient(left ^ bottom, u, v - 1)
    const d = cornerGradient(right ^ bottom, u - 1, v - 1)
    const upper = a + (b - a) * across
    return upper + (c + (d - c) * across - upper) * fade(v)
  }
}

/**
 * Sums octaves of noise (fractional Brownian motion): each has twice the frequency and `gain` times the amplitude of the one
 * before, and is rotated against it, since aligned lattices would show.
 *
 * @param octaves may have a fraction, which fades the last octave in: detail appears gradually with distance
 */
export function fractalNoise(noise: Noise, x: number, y: number, octaves: number, gain = 0.5): number {
  let sum = 0
  let weight = 1
  for (let remaining = octaves; remaining > 0; remaining--) {
    sum += weight * Math.min(1, remaining) * noise(x, y)
    weight *= gain
    const rotatedX = 1.6 * x - 1.2 * y + 17.3
    y = 1.2 * x + 1.6 * y - 9.1
    x = rotatedX
  }
  return sum
}

/**
 * Sums octaves of ridged noise: each octave is folded at zero, which gives narrow crests and wide valleys, and weighted by the
 * one before, which keeps valleys smooth. About -1 to 1.
 *
 * @param octaves as in `fractalNoise`
 */
export function ridgedNoise(noise: Noise, x: number, y: number, octaves: number, gain = 0.5): number {
  let sum = 0
  let weight = 1
  let feedback = 1
  for (let remaining = octaves; remaining > 0; remaining--) {
    const n = noise(x, y)
    const crest = 1 - Math.sqrt(n * n + 0.0008)
    const sharp = crest * crest * feedback
    sum += weight * Math.min(1, remaining) * (sharp - 0.45)
    feedback = sharp * (2 - sharp)
    weight *= gain
    const rotatedX = 1.6 * x - 1.2 * y + 17.3
    y = 1.2 * x + 1.6 * y - 9.1
    x = rotatedX
  }
  return sum
}

export function smoothstep(from: number, to: number, x: number): number {
  const t = Math.min(1, Math.max(0, (x - from) / (to - from)))
  return t * t * (3 - 2 * t)
}

function cornerGradient(hash: number, x: number, y: number): number {
  const direction = Math.imul(hash ^ (hash >>> 15), 0x21f0aaad) >>> 24
  return (GRADIENT_X[direction] ?? 0) * x + (GRADIENT_Y[direction] ?? 0) * y
}

function fade(t: number): number {
  return t * t * t * (t * (t * 6 - 15) + 10)
}
