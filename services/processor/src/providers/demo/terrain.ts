import type { Composition } from './composition.ts'
import { mix } from './random.ts'
import { fractal, noiseFrom, ridged, smoothstep } from './noise.ts'

/** Height of the land, in heights of the eye above its mean; finer octaves than asked for are left out. */
export type Terrain = (x: number, z: number, octaves: number, step: number) => number

export function terrainOf(c: Composition): Terrain {
  const noise = noiseFrom(c.noiseSeed ^ 0x9e37)
  const warp = noiseFrom(c.noiseSeed ^ 0x1234)
  const s = 1 / c.span
  const r = c.relief
  const peaks: Terrain = (x, z, o) => {
    const wx = x * 0.14 * s
    const wz = z * 0.14 * s
    const massif = warp(wx * 0.5 + 3, wz * 0.5)
    const h = ridged(noise, wx + 0.25 * warp(wx * 1.3, wz * 1.3), wz, Math.min(o, 9), 0.46)
    return (h * (1.05 + 0.55 * massif) + 0.3 * massif) * r * smoothstep(1, 10, z)
  }
  const hills: Terrain = (x, z, o) => fractal(noise, x * 0.22 * s, z * 0.22 * s, Math.min(o, 6), 0.38) * 0.7 * r
  const dune = (x: number, z: number, round: number) => {
    const n = noise(x + 0.45 * warp(x * 0.7, z * 0.7), z + 0.3 * warp(x * 0.9 + 30, z * 0.9))
    const away = Math.sqrt(n * n + round * round) * (n > 0 ? 2 : 1.1)
    const crest = Math.max(0, 1 - away)
    return crest * crest * (1.6 - 0.6 * crest)
  }
  const dunes: Terrain = (x, z, o, step) => {
    const size = 0.75 + 0.45 * warp(x * 0.05 + 5, z * 0.08)
    const big = dune(x * 0.13 * s, z * 0.2 * s, 0.01 + step * 0.5)
    const small = dune(x * 0.5 * s + 70, z * 0.6 * s, 0.02 + step * 1.5)
    const ripple = o > 5.5 ? Math.min(1, o - 5.5) * 0.0016 * Math.sin(110 * (z * 0.6 + x * 0.25) + 9 * warp(x * 1.7, z * 1.7)) : 0
    return (big * size + 0.1 * small * (1 - 0.6 * big) - 0.45) * r * 1.05 + ripple
  }
  const plain: Terrain = (x, z, o) => fractal(noise, x * 0.2, z * 0.12, Math.min(o, 8), 0.5) * 0.1
  const shore: Terrain = (x, z, o) => {
    const far = smoothstep(9, 30, z + 5 * warp(x * 0.08, 0.5))
    return (ridged(noise, x * 0.09 * s, z * 0.09 * s, Math.min(o, 9), 0.46) * 1.2 + 0.55) * r * far - 0.5 * (1 - far)
  }
  const forest: Terrain = (x, z, o) => {
    const ground = fractal(noise, x * 0.2 * s, z * 0.2 * s, Math.min(o, 5), 0.4) * 0.9 * r
    return ground + trees(x, z, c.noiseSeed)
  }
  const table: Record<Composition['ground'], Terrain> = { peaks, hills, dunes, plain, shore, sea: () => -1, forest }
  return table[c.ground]
}

/** Two plantings, each turned its own way, so that no row of trees runs towards the eye. */
function trees(x: number, z: number, seed: number): number {
  return Math.max(
    tree(0.86 * x - 0.51 * z, 0.51 * x + 0.86 * z, seed, 0.12),
    tree(0.64 * x + 0.77 * z, 0.64 * z - 0.77 * x, seed ^ 0x55, 0.085),
  )
}

function tree(x: number, z: number, seed: number, cell: number): number {
  const cx = Math.floor(x / cell)
  const cz = Math.floor(z / cell)
  const h = mix(Math.imul(cx, 0x27d4eb2f) ^ Math.imul(cz, 0x165667b1) ^ seed)
  const t = ((h >>> 16) & 0xff) / 255
  if (t < 0.3) return 0
  const radius = 0.2 + 0.12 * t
  const free = 1 - 2 * radius
  const dx = x / cell - cx - radius - (free * (h & 0xff)) / 255
  const dz = z / cell - cz - radius - (free * ((h >>> 8) & 0xff)) / 255
  const d = Math.hypot(dx, dz) / radius
  if (d > 1) return 0
  const tiers = d * 6
  const jag = (tiers - Math.floor(tiers)) * 0.07
  return cell * (0.7 + 2.1 * t * t) * (1 - d + jag)
}
