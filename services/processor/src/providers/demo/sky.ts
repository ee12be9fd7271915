import type { Composition } from './composition.ts'
import { type Noise, noiseFrom, smoothstep } from './noise.ts'
import { mix } from './random.ts'

export interface Sky {
  clear(x: number, y: number): number
  tone(x: number, y: number): number
  glow(x: number, y: number): number
}

export function skyOf(c: Composition): Sky {
  const { sun, sky, clouds } = c
  const noise = noiseFrom(c.noiseSeed)
  const glow = (x: number, y: number) => {
    const d = Math.hypot(x - sun.x, (y - sun.y) * 1.15)
    return 0.65 * Math.exp(-((d / sun.wide) ** 2)) + 0.35 * Math.exp(-d / (sun.wide * 0.35))
  }
  const clear = (x: number, y: number) => {
    const up = Math.max(0, c.horizon - y)
    const base = sky.zenith + (sky.horizon - sky.zenith) * Math.exp(-up * sky.fall)
    return base + glow(x, y) * sun.glow * (1 - 0.5 * base)
  }
  const billow = clouds?.billow ?? 0
  const shape = (x: number, y: number, octaves: number) => billows(noise, x, y, octaves, billow)
  const stars = (x: number, y: number) => {
    const cell = 0.011
    const cx = Math.floor(x / cell)
    const cy = Math.floor(y / cell)
    const h = mix(Math.imul(cx, 0x27d4eb2f) ^ Math.imul(cy, 0x165667b1) ^ c.noiseSeed)
    const bright = ((h >>> 16) & 0xff) / 255
    const px = (cx + 0.2 + (0.6 * (h & 0xff)) / 255) * cell
    const py = (cy + 0.2 + (0.6 * ((h >>> 8) & 0xff)) / 255) * cell
    const d = Math.hypot(x - px, y - py) / (0.0007 + 0.0006 * bright)
    return d > 3 ? 0 : bright ** 14 * Math.exp(-d * d)
  }
  const tone = (x: number, y: number) => {
    const up = Math.max(0, c.horizon - y)
    let base = clear(x, y)
    if (c.stars) base += stars(x, y) * c.stars * smoothstep(0, 0.3, up)
    if (c.sun.disc) {
      const d = Math.hypot(x - c.sun.x, y - c.sun.y)
      base += 0.22 * (1 - smoothstep(c.sun.disc * 0.75, c.sun.disc * 1.2, d)) * smoothstep(-0.02, 0.12, up)
    }
    if (!clouds) return base
    const far = 0.5 / (up + clouds.rise)
    const px = x * far * clouds.scale * 2
    const py = far * clouds.scale * clouds.stretch * 2
    const wx = px + 0.3 * noise(px * 0.7 + 31, py * 0.7)
    const wy = py + 0.3 * noise(px * 0.7, py * 0.7 + 57)
    const here = shape(wx, wy, 6)
    const dense = smoothstep(clouds.cover, clouds.cover + clouds.soft, here + 0.2) * clouds.opacity * smoothstep(0, 0.12, up)
    if (dense <= 0) return base
    const light = glow(x, y)
    const toward = shape(wx + (sun.x - x) * 0.3, wy + Math.max(-0.22, Math.min(0.22, (sun.y - y) * 1.5)), 3)
    const relief = Math.max(-1, Math.min(1, (here - toward) * 1.1))
    const body = base * (1 + clouds.lift * 1.4) + relief * clouds.relief * (0.4 + 0.6 * sky.horizon) + light * sun.glow * 0.3
    return base + (body - base) * dense
  }
  return { clear, tone, glow }
}

/** Wisps where `billow` is 0, heaped and rounded where it is 1. */
function billows(noise: Noise, x: number, y: number, octaves: number, billow: number): number {
  let sum = 0
  let weight = 1
  for (let left = octaves; left > 0; left--) {
    const n = noise(x, y)
    sum += weight * (n + (0.36 - 1.2 * Math.abs(n) - n) * billow)
    weight *= 0.5
    const turned = 1.6 * x - 1.2 * y + 17.3
    y = 1.2 * x + 1.6 * y - 9.1
    x = turned
  }
  return sum
}
