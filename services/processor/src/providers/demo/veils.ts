import type { Composition } from './composition.ts'
import type { Plate } from './land.ts'
import { fractal, noiseFrom, smoothstep } from './noise.ts'
import type { Sky } from './sky.ts'

/** Almost nothing: translucent folds of light, one behind the other. */
export function drawVeils(p: Plate, c: Composition, sky: Sky): void {
  const noise = noiseFrom(c.noiseSeed ^ 0x7e11)
  const v = c.veils
  if (!v) return
  const cos = Math.cos(v.tilt), sin = Math.sin(v.tilt)
  for (let row = 0; row < p.height; row++) {
    const y0 = (row + 0.5 - p.height / 2) / p.side
    for (let i = 0; i < p.width; i++) {
      const x0 = (i + 0.5 - p.width / 2) / p.side
      const x = x0 * cos + y0 * sin
      const y = y0 * cos - x0 * sin
      const at = row * p.width + i
      const wx = x * v.stretch + 0.35 * noise(x * 1.1 + 4, y * 1.6)
      const wy = y * 1.6 + 0.45 * noise(x * 0.9, y * 1.3 + 40)
      const f = fractal(noise, wx * v.scale, wy * v.scale, 3, 0.32) * 0.9 + wy * v.order
      const k = f * v.count
      const cell = Math.floor(k)
      const u = k - cell
      const depth = 0.5 + 0.5 * noise(cell * 3.7, 0.5)
      const edge = smoothstep(0, v.edge, u) 
      const fold = (1 - u) ** 1.6
      const glow = sky.glow(x0, y0)
      const base = sky.clear(x0, y0 * 0.5 + c.horizon - 0.25)
      const next = 0.5 + 0.5 * noise((cell - 1) * 3.7, 0.5)
      const shade = (0.25 + 0.75 * depth) * fold * edge + (0.25 + 0.75 * next) * 0.0 * (1 - edge)
      p.tone[at] = base * (1 - v.depth * shade) + glow * 0.15
      p.tint[at] = glow * 0.7 + 0.3 * (1 - shade)
      p.cover[at] = 1
    }
  }
}
