import sharp from 'sharp'

/** Ways in which a decoder process behaves, by the width of its image: see `hostile-decoder.fixture.ts`. */
const BEHAVIORS = [
  'respond',
  'spin',
  'wait',
  'spin-beside',
  'crash',
  'garble',
  'grow',
  'lie',
  'refuse',
  'fail',
] as const
export type Behavior = (typeof BEHAVIORS)[number]

/** Makes an image that has the hostile decoder behave so. It is a flawless PNG. */
export async function makeHostileImage(behavior: Behavior, height = 1): Promise<Uint8Array> {
  const width = BEHAVIORS.indexOf(behavior) + 1
  return await sharp({ create: { width, height, channels: 3, background: '#246' } })
    .png()
    .toBuffer()
}

/** Returns the behavior that a PNG stands for, by the width in its header. */
export function readBehavior(png: Uint8Array): Behavior | undefined {
  return BEHAVIORS[new DataView(png.buffer, png.byteOffset).getUint32(16) - 1]
}
