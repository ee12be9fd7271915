import { renderImage } from '../fake-provider/image.ts'
import { makeMp4 } from '../fake-provider/video.ts'
import type { FakeEndpoint } from './endpoints.ts'

/** A file that the fake serves. */
export interface FakeFile {
  bytes: Uint8Array
  type: string
}

/** The work of a request: its units, which are billed, and its files, which are made when they are asked for. */
export interface FakeWork {
  units: number
  width: number
  height: number
  seconds: number
  seed: number
}

const VIDEO_BYTES = 200_000
const DEFAULT_SIZE = { width: 1_024, height: 768 }
const TIERS: Readonly<Record<string, number>> = { '0.5K': 512, '2K': 2_048, '4K': 4_096 }

/** Plans the work of an input. */
export function planWork({ kind, unit }: FakeEndpoint, input: Record<string, unknown>): FakeWork {
  const { width, height } = findSize(input)
  const seconds = kind === 'video' ? Number.parseInt(String(input.duration ?? '5'), 10) || 5 : 0
  const seed = typeof input.seed === 'number' ? input.seed : 42
  const units = unit === 'megapixels' ? (width * height) / 1_000_000 : unit === 'seconds' ? seconds : 1
  return { units, width, height, seconds, seed }
}

/** Makes the file of a request. */
export async function makeFile({ kind }: FakeEndpoint, { width, height, seconds, seed }: FakeWork): Promise<FakeFile> {
  if (kind === 'image') return { bytes: await renderImage({ width, height }, seed, 0), type: 'image/png' }
  const { pieces, type } = makeMp4({ width, height, seconds, bytes: VIDEO_BYTES })
  return { bytes: Buffer.concat(pieces), type }
}

function findSize({ image_size: size, aspect_ratio: ratio, resolution }: Record<string, unknown>) {
  if (typeof size === 'object' && size !== null && 'width' in size && 'height' in size)
    return { width: Number(size.width), height: Number(size.height) }
  const [across, down] = String(ratio ?? '')
    .split(':')
    .map(Number)
  if (!across || !down) return DEFAULT_SIZE
  const side = TIERS[String(resolution)] ?? 1_024
  const height = Math.round((side * Math.sqrt(down / across)) / 8) * 8
  return { width: Math.round((height * across) / down / 8) * 8, height }
}
