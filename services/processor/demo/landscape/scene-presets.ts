import type { Random } from '../raster/random.ts'
import type { Ground } from './height-function.ts'

export interface Scene {
  ground: Ground
  /** Share of the picture's height below its middle; once composed, a length. Where land and sky would meet were the land flat. */
  horizon: number
  /** Focal length: 1 is wide, 4 stacks far ridges upon each other. */
  lens: number
  relief: number
  /** Breadth of the land's forms. */
  span: number
  /** How far off the other shore is. */
  shore: number
  water: { level: number; still: number } | null
  /** How much snow lies, 0 to 1. */
  snow: number
  /** Share of light lost to the air, by distance. */
  haze: number
  mist: { amount: number; top: number; depth: number }
  folds: Folds | null
}

/** Light on cloth or sand, so near that there is no horizon. */
export interface Folds {
  tilt: number
  scale: number
  stretch: number
  order: number
  count: number
  edge: number
  depth: number
}

export type SceneName = keyof typeof SCENES

export const SCENES = {
  ranges: r => ({
    ...plainScene(r, r.pick(['peaks', 'peaks', 'hills'])),
    lens: r.between(2.4, 4.6),
    horizon: r.between(-0.36, 0.04),
    span: r.between(0.9, 1.5),
    haze: r.between(0.025, 0.05),
    mist: { amount: r.between(0.8, 2.5), top: -0.35, depth: r.between(0.12, 0.35) },
  }),
  cloudsea: r => ({
    ...plainScene(r, 'peaks'),
    lens: r.between(1.6, 3),
    horizon: r.between(-0.28, 0.1),
    relief: r.between(1.2, 1.7),
    span: r.between(1.1, 1.8),
    haze: r.between(0.02, 0.05),
    snow: r.chance(0.3) ? 0.8 : 0,
    mist: { amount: r.between(3, 6), top: r.between(-0.15, 0.2), depth: r.between(0.06, 0.16) },
  }),
  hills: r => ({
    ...plainScene(r, 'hills'),
    horizon: r.between(-0.2, 0.24),
    lens: r.between(1.2, 2.8),
    mist: { amount: r.between(0, 1.5), top: -0.35, depth: r.between(0.1, 0.3) },
  }),
  forest: r => ({
    ...plainScene(r, 'forest'),
    horizon: r.between(-0.4, 0.02),
    lens: r.between(1.6, 3),
    haze: r.between(0.06, 0.14),
    mist: { amount: r.between(0.6, 2), top: -0.35, depth: r.between(0.25, 0.5) },
  }),
  dunes: r => ({
    ...plainScene(r, 'dunes'),
    horizon: r.between(-0.44, 0.06),
    lens: r.between(1.2, 2.8),
    haze: r.between(0.015, 0.05),
  }),
  plain: r => ({ ...plainScene(r, 'plain'), horizon: r.between(0.22, 0.38), lens: r.between(0.9, 1.6) }),
  snowfield: r => ({
    ...plainScene(r, r.pick(['hills', 'plain', 'peaks', 'forest'])),
    horizon: r.between(-0.12, 0.22),
    lens: r.between(1.4, 2.8),
    snow: 1,
    mist: { amount: r.between(0, 1.2), top: -0.35, depth: r.between(0.1, 0.3) },
  }),
  sea: r => ({
    ...plainScene(r, 'sea'),
    horizon: r.pick([-0.3, -0.18, 0, 0.02, 0.18, 0.3]),
    lens: r.between(0.9, 1.8),
    haze: r.between(0.01, 0.12),
    water: { level: 0, still: r.between(0, 0.8) },
  }),
  lake: r => ({
    ...plainScene(r, 'shore'),
    horizon: r.between(-0.08, 0.2),
    lens: r.between(1.6, 3.6),
    relief: r.between(0.8, 1.6),
    shore: r.between(5, 11),
    haze: r.between(0.02, 0.05),
    snow: r.chance(0.3) ? 0.7 : 0,
    mist: { amount: r.between(0, 1.5), top: -0.35, depth: r.between(0.08, 0.2) },
    water: { level: 0, still: r.between(0.6, 1) },
  }),
  flats: r => ({
    ...plainScene(r, 'plain'),
    horizon: r.between(-0.3, 0.1),
    lens: r.between(0.8, 1.4),
    water: { level: r.between(0, 0.05), still: 0.9 },
  }),
  folds: r => ({
    ...plainScene(r, 'plain'),
    folds: {
      tilt: r.between(-0.8, 0.8),
      scale: r.between(0.5, 1),
      stretch: r.between(0.3, 0.9),
      order: r.between(0.7, 1.5),
      count: r.between(1.1, 2.2),
      edge: r.between(0.1, 0.45),
      depth: r.between(0.4, 0.85),
    },
  }),
} satisfies Record<string, (random: Random) => Scene>

function plainScene(r: Random, ground: Ground): Scene {
  return {
    ground,
    horizon: 0,
    lens: 1.5,
    relief: r.between(0.8, 1.3),
    span: r.between(0.85, 1.25),
    shore: 9,
    water: null,
    snow: 0,
    haze: r.between(0.03, 0.07),
    mist: { amount: 0, top: -0.35, depth: 0.3 },
    folds: null,
  }
}
