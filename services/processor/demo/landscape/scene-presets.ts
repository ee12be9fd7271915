import type { Random } from '../raster/random.ts'

/** Kinds of terrain, each with a height function of its own. */
export type TerrainType = 'peaks' | 'hills' | 'forest' | 'dunes' | 'plain' | 'shore' | 'sea'

/** Parameters of a scene before time of day and weather apply. The unit of length is the camera's height above mean terrain. */
export interface SceneParameters {
  terrainType: TerrainType
  /** Position of the horizon of flat terrain below the image's middle: a share of its height here, a length once composed. */
  horizon: number
  /** Focal length of the camera: 1 is wide-angle, 4 compresses distant ridges (telephoto). */
  focalLength: number
  /** Factor on the terrain's heights. */
  relief: number
  /** Factor on the wavelength of the terrain's noise. */
  featureScale: number
  /** Distance of the opposite shore. */
  shoreDistance: number
  /** Water surface; a stillness of 1 is a mirror. */
  water: { level: number; stillness: number } | null
  /** Snow cover, 0 to 1. */
  snow: number
  /** Extinction coefficient of the atmosphere (atmospheric perspective), per unit of distance. */
  haze: number
  /** Ground mist: optical density, the height of its top, and the depth over which it thins out above that. */
  mist: { amount: number; top: number; depth: number }
  contourPattern: ContourPattern | null
}

/** Parameters of the abstract contour pattern, like folds of cloth; it has no horizon. */
export interface ContourPattern {
  /** Rotation in radians. */
  tilt: number
  scale: number
  stretch: number
  /** Slope added to the height field, which keeps the bands roughly horizontal. */
  verticalTrend: number
  /** Contour bands per unit of height. */
  contourCount: number
  /** Share of a band over which its shade sets in. */
  edgeSoftness: number
  /** Darkest shade, 0 to 1. */
  shadeDepth: number
}

export type SceneType = keyof typeof SCENE_PRESETS

export const SCENE_PRESETS = {
  ranges: r => ({
    ...createBaseScene(r, r.pick(['peaks', 'peaks', 'hills'])),
    focalLength: r.between(2.4, 4.6),
    horizon: r.between(-0.36, 0.04),
    featureScale: r.between(0.9, 1.5),
    haze: r.between(0.025, 0.05),
    mist: { amount: r.between(0.8, 2.5), top: -0.35, depth: r.between(0.12, 0.35) },
  }),
  cloudsea: r => ({
    ...createBaseScene(r, 'peaks'),
    focalLength: r.between(1.6, 3),
    horizon: r.between(-0.28, 0.1),
    relief: r.between(1.2, 1.7),
    featureScale: r.between(1.1, 1.8),
    haze: r.between(0.02, 0.05),
    snow: r.chance(0.3) ? 0.8 : 0,
    mist: { amount: r.between(3, 6), top: r.between(-0.15, 0.2), depth: r.between(0.06, 0.16) },
  }),
  hills: r => ({
    ...createBaseScene(r, 'hills'),
    horizon: r.between(-0.2, 0.24),
    focalLength: r.between(1.2, 2.8),
    mist: { amount: r.between(0, 1.5), top: -0.35, depth: r.between(0.1, 0.3) },
  }),
  forest: r => ({
    ...createBaseScene(r, 'forest'),
    horizon: r.between(-0.4, 0.02),
    focalLength: r.between(1.6, 3),
    haze: r.between(0.06, 0.14),
    mist: { amount: r.between(0.6, 2), top: -0.35, depth: r.between(0.25, 0.5) },
  }),
  dunes: r => ({
    ...createBaseScene(r, 'dunes'),
    horizon: r.between(-0.44, 0.06),
    focalLength: r.between(1.2, 2.8),
    haze: r.between(0.015, 0.05),
  }),
  plain: r => ({ ...createBaseScene(r, 'plain'), horizon: r.between(0.22, 0.38), focalLength: r.between(0.9, 1.6) }),
  snowfield: r => ({
    ...createBaseScene(r, r.pick(['hills', 'plain', 'peaks', 'forest'])),
    horizon: r.between(-0.12, 0.22),
    focalLength: r.between(1.4, 2.8),
    snow: 1,
    mist: { amount: r.between(0, 1.2), top: -0.35, depth: r.between(0.1, 0.3) },
  }),
  sea: r => ({
    ...createBaseScene(r, 'sea'),
    horizon: r.pick([-0.3, -0.18, 0, 0.02, 0.18, 0.3]),
    focalLength: r.between(0.9, 1.8),
    haze: r.between(0.01, 0.12),
    water: { level: 0, stillness: r.between(0, 0.8) },
  }),
  lake: r => ({
    ...createBaseScene(r, 'shore'),
    horizon: r.between(-0.08, 0.2),
    focalLength: r.between(1.6, 3.6),
    relief: r.between(0.8, 1.6),
    shoreDistance: r.between(5, 11),
    haze: r.between(0.02, 0.05),
    snow: r.chance(0.3) ? 0.7 : 0,
    mist: { amount: r.between(0, 1.5), top: -0.35, depth: r.between(0.08, 0.2) },
    water: { level: 0, stillness: r.between(0.6, 1) },
  }),
  flats: r => ({
    ...createBaseScene(r, 'plain'),
    horizon: r.between(-0.3, 0.1),
    focalLength: r.between(0.8, 1.4),
    water: { level: r.between(0, 0.05), stillness: 0.9 },
  }),
  contours: r => ({
    ...createBaseScene(r, 'plain'),
    contourPattern: {
      tilt: r.between(-0.8, 0.8),
      scale: r.between(0.5, 1),
      stretch: r.between(0.3, 0.9),
      verticalTrend: r.between(0.7, 1.5),
      contourCount: r.between(1.1, 2.2),
      edgeSoftness: r.between(0.1, 0.45),
      shadeDepth: r.between(0.4, 0.85),
    },
  }),
} satisfies Record<string, (random: Random) => SceneParameters>

function createBaseScene(r: Random, terrainType: TerrainType): SceneParameters {
  return {
    terrainType,
    horizon: 0,
    focalLength: 1.5,
    relief: r.between(0.8, 1.3),
    featureScale: r.between(0.85, 1.25),
    shoreDistance: 9,
    water: null,
    snow: 0,
    haze: r.between(0.03, 0.07),
    mist: { amount: 0, top: -0.35, depth: 0.3 },
    contourPattern: null,
  }
}
