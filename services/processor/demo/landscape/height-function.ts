import { fractal, type Noise, noiseFrom, ridged, smoothstep } from '../raster/noise.ts'
import type { Scene } from './scene-presets.ts'
import { treesFrom } from './trees.ts'

export type Ground = 'peaks' | 'hills' | 'forest' | 'dunes' | 'plain' | 'shore' | 'sea'

/** Height of the land at a place; detail finer than `octaves`, or than a `step` in depth, is left out. */
export type Terrain = (x: number, z: number, octaves: number, step: number) => number

/** @param scene its forms: `span` broadens them, `relief` heightens them */
export function terrainOf(scene: Pick<Scene, 'ground' | 'span' | 'relief' | 'shore'>, seed: number): Terrain {
  return TERRAINS[scene.ground]({ ...scene, seed, noise: noiseFrom(seed ^ 0x9e37), warp: noiseFrom(seed ^ 0x1234) })
}

type Making = Pick<Scene, 'span' | 'relief' | 'shore'> & { seed: number; noise: Noise; warp: Noise }

const TERRAINS: Record<Ground, (making: Making) => Terrain> = {
  peaks,
  hills,
  forest,
  dunes,
  plain,
  shore,
  sea: () => () => -1,
}

function peaks({ noise, warp, span, relief }: Making): Terrain {
  return (x, z, octaves) => {
    const u = (x * 0.14) / span
    const v = (z * 0.14) / span
    const massif = warp(u * 0.5 + 3, v * 0.5)
    const rock = ridged(noise, u + 0.25 * warp(u * 1.3, v * 1.3), v, octaves, 0.46)
    return (rock * (1.05 + 0.55 * massif) + 0.3 * massif) * relief * smoothstep(1, 10, z)
  }
}

function hills({ noise, span, relief }: Making): Terrain {
  return (x, z, octaves) => fractal(noise, (x * 0.22) / span, (z * 0.22) / span, octaves, 0.41) * 0.68 * relief
}

/** Farther off, trees are thinner than a slice of the land. */
const LAST_TREE = 32

function forest({ noise, span, relief, seed }: Making): Terrain {
  const trees = treesFrom(seed)
  return (x, z, octaves) => {
    const ground = fractal(noise, (x * 0.2) / span, (z * 0.2) / span, Math.min(octaves, 5), 0.4) * 0.9 * relief
    const wood = z < LAST_TREE ? trees(x, z) * smoothstep(LAST_TREE, LAST_TREE / 2, z) : 0
    return ground * smoothstep(0, 5, z) + wood
  }
}

function plain({ noise }: Making): Terrain {
  return (x, z, octaves) => fractal(noise, x * 0.28, z * 0.17, Math.min(octaves, 8), 0.5) * 0.09
}

function shore({ noise, warp, span, relief, shore: away }: Making): Terrain {
  return (x, z, octaves) => {
    const inland = smoothstep(away, away * 3.2, z + 0.45 * away * warp(x * 0.08, 0.5))
    const rock = ridged(noise, (x * 0.09) / span, (z * 0.09) / span, octaves + 1, 0.47)
    return (rock * 1.2 + 0.55) * relief * inland - 0.5 * (1 - inland)
  }
}

function dunes({ noise, warp, span, relief }: Making): Terrain {
  const dune = (u: number, v: number, round: number) => {
    const n = noise(u + 0.45 * warp(u * 0.7, v * 0.7), v + 0.3 * warp(u * 0.9 + 30, v * 0.9))
    const slope = (Math.sqrt(n * n + round * round) - round) * (n > 0 ? 2 : 1.1)
    const crest = Math.max(0, 1 - slope)
    return crest * crest * (1.6 - 0.6 * crest)
  }
  return (x, z, octaves, step) => {
    const u = x / span
    const v = z / span
    const size = 0.75 + 0.45 * warp(x * 0.05 + 5, z * 0.08)
    const large = dune(u * 0.13, v * 0.2, 0.006 + step * 0.5)
    const small = dune(u * 0.5 + 70, v * 0.6, 0.015 + step)
    const ripples = octaves > 5.5 ? Math.min(1, octaves - 5.5) * rippleAt(x, z, warp) : 0
    return (large * size + 0.1 * small * (1 - 0.6 * large) - 0.45) * 1.05 * relief + ripples
  }
}

function rippleAt(x: number, z: number, warp: Noise): number {
  const patch = smoothstep(-0.5, 0.6, warp(x * 0.6 + 11, z * 0.6))
  return 0.0009 * patch * Math.sin(130 * (z * 0.6 + x * 0.25) + 9 * warp(x * 1.7, z * 1.7))
}
