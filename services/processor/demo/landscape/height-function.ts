import { createNoise, fractalNoise, type Noise, ridgedNoise, smoothstep } from '../raster/noise.ts'
import type { SceneParameters, TerrainType } from './scene-presets.ts'
import { createTreeHeight } from './trees.ts'

/**
 * Returns the height of the terrain at a point (x to the right, z in depth). `octaves` and `step`, the distance between depth
 * slices, limit the level of detail: finer detail would alias.
 */
export type HeightFunction = (x: number, z: number, octaves: number, step: number) => number

/**
 * Creates the height field of a scene.
 *
 * @param scene `featureScale` multiplies the wavelength of the terrain, `relief` its height
 */
export function createHeightFunction(
  scene: Pick<SceneParameters, 'terrainType' | 'featureScale' | 'relief' | 'shoreDistance'>,
  seed: number,
): HeightFunction {
  return TERRAIN_FACTORIES[scene.terrainType]({
    ...scene,
    seed,
    noise: createNoise(seed ^ 0x9e37),
    warp: createNoise(seed ^ 0x1234),
  })
}

type TerrainOptions = Pick<SceneParameters, 'featureScale' | 'relief' | 'shoreDistance'> & {
  seed: number
  noise: Noise
  warp: Noise
}

const TERRAIN_FACTORIES: Record<TerrainType, (options: TerrainOptions) => HeightFunction> = {
  peaks: createPeaks,
  hills: createHills,
  forest: createForest,
  dunes: createDunes,
  plain: createPlain,
  shore: createShore,
  sea: () => () => -1,
}

/** Creates ridged noise, warped, with a low-frequency massif that scales it. The foreground is flattened. */
function createPeaks({ noise, warp, featureScale, relief }: TerrainOptions): HeightFunction {
  return (x, z, octaves) => {
    const u = (x * 0.14) / featureScale
    const v = (z * 0.14) / featureScale
    const massif = warp(u * 0.5 + 3, v * 0.5)
    const rock = ridgedNoise(noise, u + 0.25 * warp(u * 1.3, v * 1.3), v, octaves, 0.46)
    return (rock * (1.05 + 0.55 * massif) + 0.3 * massif) * relief * smoothstep(1, 10, z)
  }
}

function createHills({ noise, featureScale, relief }: TerrainOptions): HeightFunction {
  return (x, z, octaves) =>
    fractalNoise(noise, (x * 0.22) / featureScale, (z * 0.22) / featureScale, octaves, 0.41) * 0.68 * relief
}

/** Beyond this depth trees are thinner than a depth slice. */
const MAX_TREE_DEPTH = 32

function createForest({ noise, featureScale, relief, seed }: TerrainOptions): HeightFunction {
  const trees = createTreeHeight(seed)
  return (x, z, octaves) => {
    const elevation =
      fractalNoise(noise, (x * 0.2) / featureScale, (z * 0.2) / featureScale, Math.min(octaves, 5), 0.4) * 0.9 * relief
    const treeHeight = z < MAX_TREE_DEPTH ? trees(x, z) * smoothstep(MAX_TREE_DEPTH, MAX_TREE_DEPTH / 2, z) : 0
    return elevation * smoothstep(0, 5, z) + treeHeight
  }
}

function createPlain({ noise }: TerrainOptions): HeightFunction {
  return (x, z, octaves) => fractalNoise(noise, x * 0.28, z * 0.17, Math.min(octaves, 8), 0.5) * 0.09
}

/** Creates land that rises from below the water level beyond a warped shoreline. */
function createShore({ noise, warp, featureScale, relief, shoreDistance }: TerrainOptions): HeightFunction {
  return (x, z, octaves) => {
    const inland = smoothstep(shoreDistance, shoreDistance * 3.2, z + 0.45 * shoreDistance * warp(x * 0.08, 0.5))
    const rock = ridgedNoise(noise, (x * 0.09) / featureScale, (z * 0.09) / featureScale, octaves + 1, 0.47)
    return (rock * 1.2 + 0.55) * relief * inland - 0.5 * (1 - inland)
  }
}

/**
 * Creates dunes: noise folded at zero gives sharp crests, with a steeper slip face on one side. Two scales and fine ripples are
 * added.
 */
function createDunes({ noise, warp, featureScale, relief }: TerrainOptions): HeightFunction {
  /** @param smoothing rounds the crest to the sampling distance, against aliasing */
  const dune = (u: number, v: number, smoothing: number) => {
    const n = noise(u + 0.45 * warp(u * 0.7, v * 0.7), v + 0.3 * warp(u * 0.9 + 30, v * 0.9))
    const slope = (Math.sqrt(n * n + smoothing * smoothing) - smoothing) * (n > 0 ? 2 : 1.1)
    const crest = Math.max(0, 1 - slope)
    return crest * crest * (1.6 - 0.6 * crest)
  }
  return (x, z, octaves, step) => {
    const u = x / featureScale
    const v = z / featureScale
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
