import { expect, test } from 'bun:test'
import sharp from 'sharp'
import { encodeMask, type MaskPolarity } from './mask.ts'

const SIZE = { width: 16, height: 12 }

/** The part of each pixel that may change, from 0 to 255, by thirds of a mask's width: nothing, a quarter, everything. */
const EDITS = [0, 64, 255]

/** Submitted masks that all mean the same. */
const MASKS = {
  'grey, without an alpha channel': () => createMask(edit => [edit, edit, edit], 3),
  'grey, with an alpha channel that is opaque': () => createMask(edit => [edit, edit, edit, 255], 4),
  'transparent where it may change': () => createMask(edit => [200, 30, 90, 255 - edit], 4),
}

for (const [name, create] of Object.entries(MASKS)) {
  test.each<[MaskPolarity, number, (edit: number) => number[]]>([
    ['alpha-is-edit', 4, edit => [255 - edit]],
    ['white-is-edit', 1, edit => [edit]],
    ['black-is-edit', 1, edit => [255 - edit]],
  ])(`a mask that is ${name} becomes one in which %s`, async (polarity, channels, expected) => {
    const copy = await encodeMask(await create(), polarity, SIZE)
    expect(copy).toMatchObject({ mimeType: 'image/png', ...SIZE })
    const { data, info } = await sharp(copy.bytes).raw().toBuffer({ resolveWithObject: true })
    expect(info).toMatchObject({ ...SIZE, channels: channels === 1 ? info.channels : channels })
    // The last channel of a pixel in the middle of each third: alpha, or grey.
    const seen = EDITS.map(
      (_, third) => data[(6 * 16 + 2 + third * 6) * info.channels + (polarity === 'alpha-is-edit' ? 3 : 0)],
    )
    for (const [third, edit] of EDITS.entries())
      expect(Math.abs((seen[third] ?? -9) - (expected(edit)[0] ?? 0))).toBeLessThanOrEqual(1)
  })
}

test('a mask of another size is resized to that of its image, whatever its ratio', async () => {
  const { bytes } = await encodeMask(await MASKS['transparent where it may change'](), 'white-is-edit', {
    width: 90,
    height: 300,
  })
  const { data, info } = await sharp(bytes).greyscale().raw().toBuffer({ resolveWithObject: true })
  expect([info.width, info.height]).toEqual([90, 300])
  expect([data[150 * 90 + 3], data[150 * 90 + 86]]).toEqual([0, 255])
})

test('a mask that is turned by its EXIF orientation is turned as its image is', async () => {
  const { data } = await sharp(await MASKS['grey, without an alpha channel']())
    .raw()
    .toBuffer({ resolveWithObject: true })
  const turned = await sharp(data, { raw: { ...SIZE, channels: 3 } })
    .png()
    .withExif({})
    .withMetadata({ orientation: 3 })
    .toBuffer()
  const { bytes } = await encodeMask(turned, 'white-is-edit', SIZE)
  const pixels = await sharp(bytes).greyscale().raw().toBuffer()
  expect([pixels[0], pixels[15]]).toEqual([255, 0])
})

/** Creates a PNG of `SIZE` whose thirds may change as `EDITS` says. */
async function createMask(toPixel: (edit: number) => number[], channels: 3 | 4): Promise<Uint8Array> {
  const { width, height } = SIZE
  const pixels = Array.from({ length: width * height }, (_, index) => {
    const third = Math.min(2, Math.floor(((index % width) * 3) / width))
    return toPixel(EDITS[third] ?? 0)
  })
  return await sharp(Uint8Array.from(pixels.flat()), { raw: { width, height, channels } }).png().toBuffer()
}
