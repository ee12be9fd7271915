import type { Random } from './random.ts'

export type Ground = 'peaks' | 'hills' | 'dunes' | 'plain' | 'shore' | 'sea' | 'forest'

export interface Composition {
  ground: Ground
  horizon: number
  lens: number
  relief: number
  span: number
  water: number | null
  still: number
  haze: number
  mist: number
  mistTop: number
  mistHeight: number
  sun: { x: number; y: number; glow: number; wide: number; disc: number }
  light: { x: number; y: number; z: number; ambient: number; direct: number; dapple: number }
  snow: number
  sky: { zenith: number; horizon: number; fall: number }
  clouds: Clouds | null
  veils: { tilt: number; scale: number; stretch: number; order: number; count: number; edge: number; depth: number } | null
  stars: number
  rain: number
  key: { black: number; white: number; gamma: number }
  noiseSeed: number
}

export interface Clouds {
  /** Share of the sky's light that they take, 0 to 1. */ opacity: number
  cover: number
  soft: number
  scale: number
  stretch: number
  /** Height above the horizon at which they stop shrinking. */ rise: number
  billow: number
  /** Lighter than the sky if above nought. */ lift: number
  relief: number
}

export const CLOUDS = {
  veil: (r: Random): Clouds => ({ opacity: r.between(0.5, 0.9), cover: r.between(-0.2, 0.2), soft: 0.9, scale: r.between(0.5, 1), stretch: r.between(1.2, 3), rise: r.between(0.1, 0.2), billow: 0, lift: r.between(0.05, 0.14), relief: 0.08 }),
  deck: (r: Random): Clouds => ({ opacity: r.between(0.6, 0.95), cover: r.between(-0.6, -0.1), soft: r.between(0.4, 0.8), scale: r.between(0.35, 0.8), stretch: r.between(0.9, 1.8), rise: r.between(0.08, 0.16), billow: r.between(0, 0.7), lift: r.between(-0.22, -0.1), relief: r.between(0.12, 0.24) }),
  cumulus: (r: Random): Clouds => ({ opacity: 0.9, cover: r.between(-0.05, 0.3), soft: r.between(0.2, 0.35), scale: r.between(0.6, 1.1), stretch: r.between(1, 1.4), rise: r.between(0.25, 0.45), billow: 1, lift: r.between(0.0, 0.1), relief: r.between(0.2, 0.3) }),
  bands: (r: Random): Clouds => ({ opacity: r.between(0.5, 0.9), cover: r.between(-0.2, 0.2), soft: r.between(0.4, 0.7), scale: r.between(0.25, 0.5), stretch: r.between(3, 6), rise: r.between(0.2, 0.4), billow: 0, lift: r.between(-0.18, -0.06), relief: r.between(0.06, 0.14) }),
}

export type Archetype = keyof typeof ARCHETYPES
export type Time = 'day' | 'dusk' | 'night'

const base = (r: Random) => ({
  ground: 'hills' as Ground, relief: r.between(0.8, 1.2), span: r.between(0.85, 1.25), water: null as number | null, still: 0.5,
  snow: 0, mist: 0, mistTop: -0.35, mistHeight: 0.3, veils: null as Composition['veils'], haze: 0.04, lens: 1.5, horizon: 0.1,
})

export const ARCHETYPES = {
  ranges: (r: Random) => ({ ...base(r), ground: r.pick(['peaks', 'hills', 'peaks'] as const), lens: r.between(2.4, 4.6), horizon: r.between(-0.34, -0.06), mist: r.between(0.8, 2.5), mistHeight: r.between(0.12, 0.35), haze: r.between(0.025, 0.05), span: r.between(0.9,1.5), relief: r.between(0.8,1.3)}),
  cloudsea: (r: Random) => ({ ...base(r), ground: 'peaks' as Ground, lens: r.between(1.6, 3), horizon: r.between(-0.25, 0.1), mist: r.between(3, 6), mistTop: r.between(-0.15, 0.25), mistHeight: r.between(0.06, 0.16), relief: r.between(1.1, 1.5), span: r.between(1.2, 2), haze: r.between(0.02, 0.05), snow: r.chance(0.4) ? 0.8 : 0 }),
  sea: (r: Random) => ({ ...base(r), ground: 'sea' as Ground, water: 0 as number | null, still: r.between(0, 0.8), horizon: r.pick([-0.2, 0, 0.02, 0.18, 0.28]), lens: r.between(0.9, 1.8), haze: r.between(0.01, 0.12) }),
  lake: (r: Random) => ({ ...base(r), ground: 'shore' as Ground, water: 0 as number | null, still: r.between(0.6, 1), horizon: r.between(-0.02, 0.2), lens: r.between(1.6, 3.2), haze: r.between(0.02, 0.05), mist: r.between(0, 1.5), mistHeight: r.between(0.08, 0.2), snow: r.chance(0.35) ? 0.7 : 0 }),
  flats: (r: Random) => ({ ...base(r), ground: 'plain' as Ground, water: r.between(-0.02, 0.02) as number | null, still: 0.9, horizon: r.between(-0.25, 0.1), lens: r.between(0.8, 1.4), haze: r.between(0.03, 0.09) }),
  dunes: (r: Random) => ({ ...base(r), ground: 'dunes' as Ground, horizon: r.between(-0.42, 0.05), lens: r.between(1, 2.6), haze: r.between(0.015, 0.05) }),
  plain: (r: Random) => ({ ...base(r), ground: 'plain' as Ground, horizon: r.between(0.2, 0.36), lens: r.between(0.9, 1.6), haze: r.between(0.03, 0.08) }),
  hills: (r: Random) => ({ ...base(r), ground: 'hills' as Ground, horizon: r.between(-0.15, 0.2), lens: r.between(1.2, 2.6), mist: r.between(0, 1.5), mistHeight: r.between(0.1, 0.3), haze: r.between(0.03, 0.07) }),
  forest: (r: Random) => ({ ...base(r), ground: 'forest' as Ground, horizon: r.between(-0.4, -0.05), lens: r.between(1.6, 2.8), mist: r.between(0.6, 2), mistHeight: r.between(0.25, 0.5), haze: r.between(0.06, 0.14) }),
  veils: (r: Random) => ({ ...base(r), veils: { tilt: r.between(-0.7, 0.7), scale: r.between(0.5, 1), stretch: r.between(0.3, 0.9), order: r.between(0.9, 1.8), count: r.between(1.3, 3), edge: r.between(0.04, 0.3), depth: r.between(0.4, 0.85) } }),
  snow: (r: Random) => ({ ...base(r), ground: r.pick(['hills', 'plain', 'peaks'] as const), horizon: r.between(-0.1, 0.2), lens: r.between(1.2, 2.6), snow: 1, mist: r.between(0, 1), mistHeight: r.between(0.1, 0.3), haze: r.between(0.03, 0.08) }),
}

export function compose(r: Random, archetype: Archetype, time: Time, width: number, height: number): Composition {
  const side = Math.sqrt(width * height)
  const tall = height / side
  const wide = width / side
  const night = time === 'night'
  const dusk = time === 'dusk'
  const scene = ARCHETYPES[archetype](r)
  const sunX = wide * r.between(-0.5, 0.5)
  const front = r.chance(0.35)
  const low = scene.ground === 'dunes'
  return {
    ...scene,
    horizon: scene.horizon * tall,
    sun: {
      x: sunX,
      y: tall * (scene.horizon - r.between(-0.02, 0.4)),
      glow: night ? r.between(0.12, 0.3) : dusk ? r.between(0.25, 0.5) : r.between(0.08, 0.3),
      wide: r.between(0.25, 0.6),
      disc: r.chance(0.08) ? r.between(0.01, 0.024) : 0,
    },
    light: {
      x: Math.max(-0.9, Math.min(0.9, sunX * 2.4)), y: low ? r.between(0.1, 0.2) : r.between(0.2, 0.5), z: front ? -0.5 : 0.3,
      ambient: night ? 0.06 : dusk ? 0.1 : 0.2,
      direct: (night ? 0.15 : dusk ? 0.4 : 0.5) * (low ? 1.8 : 1),
      dapple: r.between(0, 0.9),
    },
    sky: {
      zenith: night ? r.between(0.05, 0.15) : dusk ? r.between(0.2, 0.5) : r.between(0.4, 0.75),
      horizon: night ? r.between(0.2, 0.4) : dusk ? r.between(0.6, 0.85) : r.between(0.78, 0.92),
      fall: r.between(1.5, 5),
    },
    clouds: r.chance(0.25) ? null : r.pick([CLOUDS.veil, CLOUDS.deck, CLOUDS.cumulus, CLOUDS.bands])(r),
    stars: night ? r.between(0.3, 1) : 0,
    rain: 0,
    key: night ? { black: 0, white: r.between(0.6, 0.85), gamma: r.between(1, 1.25) } : r.pick([{ black: 0.02, white: 0.97, gamma: 1 }, { black: 0.3, white: 0.99, gamma: 0.9 }, { black: 0.01, white: 0.8, gamma: 1.15 }]),
    noiseSeed: r.seed(),
  }
}
