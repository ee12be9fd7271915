import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { LIMITS } from '@darkroom/contracts/limits'
import sharp from 'sharp'
import { openTestDecoder } from '../../testing/test-decoder.ts'
import { LIVE_PREVIEW_LIMITS } from './check-image.ts'
import { makeLivePreview } from './live-preview.ts'
import { MediaError } from './media-error.ts'

const { signal } = new AbortController()

test('a picture becomes a WebP whose longest side is 512 pixels, in its ratio; a small one keeps its size', async () => {
  const { bytes } = await makeLivePreview(await render(1536, 1024), LIVE_PREVIEW_LIMITS)
  expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: LIMITS.livePreviewEdge, height: 341 })
  const small = await makeLivePreview(await render(64, 96), LIVE_PREVIEW_LIMITS)
  expect(await sharp(small.bytes).metadata()).toMatchObject({ width: 64, height: 96 })
})

test('pure noise, which cannot be compressed, is made smaller until it fits', async () => {
  const raw = { width: 1024, height: 1024, channels: 3 as const }
  const noise = await sharp(randomBytes(1024 * 1024 * 3), { raw })
    .png()
    .toBuffer()
  await using images = openTestDecoder({ slots: 1 })
  const { bytes } = await images.makeLivePreview(noise, LIVE_PREVIEW_LIMITS, { signal })
  expect(bytes.byteLength).toBeLessThanOrEqual(LIMITS.livePreviewBytes)
  expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp' })
})

test('what is no image, or more pixels than a preview may have, is refused before it is decoded', async () => {
  await using images = openTestDecoder({ slots: 1 })
  const refused = [new TextEncoder().encode('<svg onload="alert(1)"/>'), await render(6000, 5000)]
  for (const input of refused)
    await expect(images.makeLivePreview(input, LIVE_PREVIEW_LIMITS, { signal })).rejects.toThrow(MediaError)
  expect(images.listPids()).toEqual([])
})

async function render(width: number, height: number): Promise<Uint8Array> {
  return await sharp({ create: { width, height, channels: 3, background: '#a42' } })
    .png()
    .toBuffer()
}
