import type { Composition } from './composition.ts'
import { fractal, noiseFrom, smoothstep } from './noise.ts'
import type { Sky } from './sky.ts'
import { terrainOf } from './terrain.ts'

export interface Plate {
  width: number
  height: number
  side: number
  tone: Float32Array
  tint: Float32Array
  cover: Float32Array
  mirror: Float32Array
}

const FAR = 90

export function drawLand(plate: Plate, c: Composition, sky: Sky): void {
  const { width, height, side } = plate
  const heightAt = terrainOf(c)
  const horizon = c.horizon * side + height / 2
  const top = new Float64Array(width).fill(height)
  const lastTone = new Float64Array(width)
  const lastTint = new Float64Array(width)
  const lastWet = new Uint8Array(width)
  const lastY = new Float64Array(width).fill(height + 1)
  let before = new Float64Array(width)
  let now = new Float64Array(width)
  const mistNoise = noiseFrom(c.noiseSeed ^ 0x51ab)
  const bottom = (height - horizon) / side
  let z = Math.max(0.3, (c.lens * 0.35) / Math.max(0.15, bottom))
  let first = true
  const { light } = c
  const left = -width / 2
  const fine = c.ground === 'forest'
  while (z < FAR) {
    let step = Math.min((z * z) / (c.lens * side), z * 0.007 * (1024 / side) ** 0.5)
    if (c.ground === 'dunes') step *= 0.6
    if (fine && z < 14) step = Math.min(step, 0.018)
    const across = z / (c.lens * side)
    const octaves = Math.max(1, Math.min(9, Math.log2(c.span / (across * 2.2)) + 2.2))
    for (let i = 0; i < width; i++) now[i] = heightAt((left + i) * across, z, octaves, step)
    if (!first) {
      const far = 1 - Math.exp(-z * c.haze)
      for (let i = 0; i < width; i++) {
        const raw = now[i] as number
        const wet = c.water !== null && raw <= c.water
        const level = wet ? (c.water as number) : raw
        const wx = (left + i) * across
        const y = horizon + (c.lens * side * (1 - level)) / z
        const limit = top[i] as number
        if (y < limit) {
          const X = (left + i) / side
          const slopeX = ((now[Math.min(width - 1, i + 1)] as number) - (now[Math.max(0, i - 1)] as number)) / (2 * across)
          const slopeZ = (raw - (before[i] as number)) / step
          const inv = 1 / Math.sqrt(1 + slopeX * slopeX + slopeZ * slopeZ)
          const facing = Math.max(0, (-slopeX * light.x + light.y - slopeZ * light.z) * inv)
          const dapple = light.dapple ? 1 - light.dapple * smoothstep(-0.3, 0.4, mistNoise(wx * 0.25 + 50, z * 0.25)) : 1
          let shade = light.ambient * (0.5 + 0.5 * inv) + light.direct * facing * dapple
          if (c.snow) {
            const snowy = c.snow * smoothstep(0.6, 0.72, inv + 0.1 * level + 0.12 * mistNoise(wx * 3, z * 3))
            shade += snowy * (0.35 + 0.35 * facing * dapple) * (light.ambient + light.direct) * 1.4
          }
          const Y = (y - height / 2) / side
          const mistAmount = c.mist ? c.mist * Math.exp(-Math.max(0, level - c.mistTop + 0.3 * mistNoise(wx * 0.3, z * 0.3)) / c.mistHeight) * (1 - Math.exp(-z * 0.15)) : 0
          const fog = 1 - (1 - far) * Math.exp(-mistAmount)
          const hazeTone = sky.clear(X, Math.min(Y, c.horizon))
          const billow = mistAmount > 0.2 ? 0.92 + 0.16 * fractal(mistNoise, wx * 0.5 + 9, z * 0.5, Math.min(4, octaves - 1)) : 0.97
          if (wet) shade = 0
          const glow = sky.glow(X, Y)
          const tone = shade + (hazeTone * (0.97 + (billow - 0.97) * Math.min(1, mistAmount)) - shade) * fog
          const tint = glow * fog + (wet ? 0 : facing * dapple * 0.8 * (1 - fog))
          const hidden = (lastY[i] as number) > limit + 1e-6 || wet !== (lastWet[i] === 1)
          const fromTone = hidden ? tone : (lastTone[i] as number)
          const fromTint = hidden ? tint : (lastTint[i] as number)
          const spanY = Math.max(1e-6, limit - y)
          for (let row = Math.min(height - 1, Math.ceil(limit) - 1); row >= Math.max(0, Math.floor(y)); row--) {
            const at = row * width + i
            const part = Math.min(row + 1, limit) - Math.max(row, y)
            const share = Math.min(1, (limit - row) / spanY)
            const t = fromTone + (tone - fromTone) * share
            plate.tone[at] = (plate.tone[at] as number) + part * t
            plate.tint[at] = (plate.tint[at] as number) + part * (fromTint + (tint - fromTint) * share)
            plate.cover[at] = (plate.cover[at] as number) + part
            if (wet) plate.mirror[at] = (plate.mirror[at] as number) + part * (1 - fog)
          }
          top[i] = y
          lastTone[i] = tone
          lastTint[i] = tint
        }
        lastY[i] = y
        lastWet[i] = wet ? 1 : 0
      }
    }
    first = false
    const swap = before
    before = now
    now = swap
    z += step
  }
}
