import sharp from 'sharp'
import { renderImage } from '../fake-provider/image.ts'
import { makeMp4 } from '../fake-provider/video.ts'
import type { FakeModel } from './model-schemas.ts'

/** A file that a prediction has made. */
export interface OutputFile {
  name: string
  type: string
  bytes: Buffer
}

/** Renders an output of the size and in the format that the input asks for. */
export async function renderOutput(
  model: FakeModel,
  input: Readonly<Record<string, unknown>>,
  serial: number,
): Promise<OutputFile> {
  const size = computeSize(input)
  if (model.kind === 'video') {
    const seconds = typeof input.duration === 'number' ? input.duration : 5
    const { type, pieces } = makeMp4({ ...size, seconds, bytes: 1_000 })
    return { name: `out-${serial}.mp4`, type, bytes: Buffer.concat(pieces) }
  }
  const png = await renderImage(size, typeof input.seed === 'number' ? input.seed : 0, serial)
  if (input.output_format === 'png' || input.output_format === undefined)
    return { name: `out-${serial}.png`, type: 'image/png', bytes: png }
  const isWebp = input.output_format === 'webp'
  const bytes = await (isWebp ? sharp(png).webp() : sharp(png).jpeg()).toBuffer()
  return { name: `out-${serial}.${isWebp ? 'webp' : 'jpg'}`, type: isWebp ? 'image/webp' : 'image/jpeg', bytes }
}

const SIDES: Readonly<Record<string, number>> = {
  '0.25': 512,
  '0.5 MP': 724,
  '2 MP': 1_448,
  '2K': 2_048,
  '4 MP': 2_048,
}
/** Files are small where their size is not looked at. */
const DEFAULT_SIDE = 1_024

function computeSize({ aspect_ratio, resolution, megapixels }: Readonly<Record<string, unknown>>) {
  const [across = 1, down = 1] = /^\d+:\d+$/.test(String(aspect_ratio))
    ? String(aspect_ratio).split(':').map(Number)
    : []
  const side = SIDES[String(resolution ?? megapixels)] ?? DEFAULT_SIDE
  const height = side / Math.sqrt(across / down)
  const round = (pixels: number) => Math.max(16, Math.round(pixels / 16) * 16)
  return { width: round((height * across) / down), height: round(height) }
}
