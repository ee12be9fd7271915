import type { Composition } from './composition.ts'
import { drawLand, type Plate } from './land.ts'
import { fractal, noiseFrom, smoothstep } from './noise.ts'
import { TINTS, TONES } from './palette.ts'
import { mix } from './random.ts'
import { drawVeils } from './veils.ts'
import { type Sky, skyOf } from './sky.ts'

export function paint(c: Composition, table: Float32Array, width: number, height: number, grain: number): Uint8Array {
  const n = width * height
  const plate: Plate = {
    width, height, side: Math.sqrt(n),
    tone: new Float32Array(n), tint: new Float32Array(n), cover: new Float32Array(n), mirror: new Float32Array(n),
  }
  const sky = skyOf(c)
  if (c.veils) drawVeils(plate, c, sky)
  else drawLand(plate, c, sky)
  drawSky(plate, c, sky)
  if (c.water !== null) drawWater(plate, c, sky)
  expose(plate, c)
  halate(plate)
  return print(plate, c, table, grain)
}

function drawSky(p: Plate, c: Composition, sky: Sky): void {
  for (let row = 0; row < p.height; row++) {
    const y = (row + 0.5 - p.height / 2) / p.side
    for (let i = 0; i < p.width; i++) {
      const at = row * p.width + i
      const left = 1 - (p.cover[at] as number)
      if (left <= 0.001) continue
      const x = (i + 0.5 - p.width / 2) / p.side
      p.tone[at] = (p.tone[at] as number) + left * sky.tone(x, y)
      p.tint[at] = (p.tint[at] as number) + left * sky.glow(x, y)
    }
  }
}

function drawWater(p: Plate, c: Composition, sky: Sky): void {
  const noise = noiseFrom(c.noiseSeed ^ 0x3a7e4)
  const horizon = c.horizon * p.side + p.height / 2
  const rough = 1.05 - c.still
  for (let row = Math.max(0, Math.floor(horizon)); row < p.height; row++) {
    const down = (row + 0.5 - horizon) / p.side
    const z = c.lens / Math.max(0.0005, down)
    const detail = smoothstep(0.002, 0.05, down)
    for (let i = 0; i < p.width; i++) {
      const at = row * p.width + i
      const share = p.mirror[at] as number
      if (share <= 0.001) continue
      const x = (i + 0.5 - p.width / 2) / p.side
      const gust = smoothstep(-0.4, 0.5, noise(x * z * 0.12, z * 0.25 + 9))
      const ripple = fractal(noise, ((x * z) / c.lens) * 1.1, z * 2.4, 3)
      const slope = ripple * 0.05 * detail * (0.15 + rough * (0.3 + 0.7 * gust))
      const my = c.horizon - down - slope * 2 - 0.004
      const mrow = Math.min(Math.floor(horizon) - 1, Math.round(my * p.side + p.height / 2 - 0.5))
      const mi = Math.max(0, Math.min(p.width - 1, Math.round(i + slope * p.side * 0.25)))
      const seen = mrow >= 0 ? (p.tone[mrow * p.width + mi] as number) : sky.clear(x, my)
      const deep = seen * (0.88 - 0.3 * smoothstep(0, 0.6, down)) - 0.02
      p.tone[at] = (p.tone[at] as number) + share * (deep + ripple * 0.05 * rough * detail)
      p.tint[at] = (p.tint[at] as number) + share * sky.glow(x, my) * 0.9
    }
  }
}

function expose(p: Plate, c: Composition): void {
  const bins = new Uint32Array(1024)
  const n = p.tone.length
  for (let i = 0; i < n; i += 7) bins[Math.min(1023, Math.max(0, Math.round((p.tone[i] as number) * 800)))]!++
  const total = Math.ceil(n / 7)
  const find = (share: number) => { let sum = 0; for (let i = 0; i < 1024; i++) { sum += bins[i]!; if (sum >= total * share) return i / 800 } return 1 }
  const low = find(0.01), high = find(0.995)
  const range = Math.max(0.25, high - low)
  for (let i = 0; i < n; i++) {
    const t = Math.max(0, ((p.tone[i] as number) - low) / range)
    p.tone[i] = c.key.black + (c.key.white - c.key.black) * t ** c.key.gamma
  }
}

/** Light spreads in the emulsion: bright places bleed softly into dark ones. */
function halate(p: Plate): void {
  const step = Math.max(1, Math.round(p.side / 96))
  const w = Math.ceil(p.width / step) + 1
  const h = Math.ceil(p.height / step) + 1
  const small = new Float32Array(w * h)
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) {
    let sum = 0, n = 0
    for (let yy = y * step; yy < Math.min(p.height, (y + 1) * step); yy += 2) for (let xx = x * step; xx < Math.min(p.width, (x + 1) * step); xx += 2) { sum += p.tone[yy * p.width + xx] as number; n++ }
    small[y * w + x] = n ? sum / n : -1
  }
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) if (small[y * w + x]! < 0) small[y * w + x] = small[Math.min(y, h - 2) * w + Math.min(x, w - 2)]!
  const blurred = blur(blur(small, w, h, 3), w, h, 3)
  for (let y = 0; y < p.height; y++) {
    const fy = Math.max(0, (y + 0.5) / step - 0.5), y0 = Math.floor(fy), v = fy - y0
    for (let x = 0; x < p.width; x++) {
      const fx = Math.max(0, (x + 0.5) / step - 0.5), x0 = Math.floor(fx), u = fx - x0
      const at = y0 * w + x0
      const a = blurred[at]!, b = blurred[at + 1]!, cc = blurred[at + w] ?? a, d = blurred[at + w + 1] ?? b
      const soft = a + (b - a) * u + (cc - a + (a - b - cc + d) * u) * v
      const i = y * p.width + x
      const t = p.tone[i]!
      p.tone[i] = t + (soft > t ? (soft - t) * 0.22 * soft : 0)
    }
  }
}
function blur(src: Float32Array, w: number, h: number, r: number): Float32Array {
  const mid = new Float32Array(w * h), out = new Float32Array(w * h)
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) { let s = 0; for (let k = -r; k <= r; k++) s += src[y * w + Math.max(0, Math.min(w - 1, x + k))]!; mid[y * w + x] = s / (2 * r + 1) }
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) { let s = 0; for (let k = -r; k <= r; k++) s += mid[Math.max(0, Math.min(h - 1, y + k)) * w + x]!; out[y * w + x] = s / (2 * r + 1) }
  return out
}

function print(p: Plate, c: Composition, table: Float32Array, grain: number): Uint8Array {
  const out = new Uint8Array(p.width * p.height * 3)
  const before = new Float32Array(p.width)
  for (let row = 0; row < p.height; row++) {
    const y = (row + 0.5 - p.height / 2) / p.side
    let carried = 0
    for (let i = 0; i < p.width; i++) {
      const at = row * p.width + i
      const x = (i + 0.5 - p.width / 2) / p.side
      const h = mix(at ^ c.noiseSeed)
      const white = ((h & 0xff) + ((h >>> 8) & 0xff) + ((h >>> 16) & 0xff) + (h >>> 24)) / 510 - 1
      carried = white * 0.8 + 0.35 * carried + 0.3 * (before[i] as number)
      before[i] = carried
      let tone = p.tone[at] as number
      tone -= 0.14 * (x * x + y * y)
      const t0 = Math.min(1, Math.max(0, tone))
      tone = t0 + carried * grain * 0.09 * Math.min(1, 0.4 + 0.6 * p.side / 1024) * (0.35 + 2.2 * t0 * (1 - t0))
      const level = Math.min(TONES - 1, Math.max(0, Math.round(tone * (TONES - 1))))
      const tint = Math.min(TINTS - 1, Math.max(0, Math.round((p.tint[at] as number) * (TINTS - 1) + (h >>> 24) / 255 - 0.5)))
      const from = (tint * TONES + level) * 3
      out[at * 3] = (table[from] as number) + 0.5
      out[at * 3 + 1] = (table[from + 1] as number) + 0.5
      out[at * 3 + 2] = (table[from + 2] as number) + 0.5
    }
  }
  return out
}
