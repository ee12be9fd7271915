import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { PREVIEW_WIDTHS } from '@darkroom/contracts/previews'
import sharp, { type Sharp } from 'sharp'
import { thumbHashToAverageRGBA, thumbHashToRGBA } from 'thumbhash'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { REFERENCE_LIMITS } from './check-image.ts'
import { readImage, validateImage } from './image.ts'
import { sniffImageType } from './image-formats.ts'
import { MediaError } from './media-error.ts'
import { stripMetadata } from './strip-metadata.ts'

const SECRET = 'Elmstreet-13-hunter2'

/** Width and height of 32,639 pixels, as two bytes each; the same in either byte order. */
const HUGE_DIMENSIONS = [0x7f, 0x7f, 0x7f, 0x7f]

const FORMATS = [
  ['png', 'image/png', 'png'],
  ['jpeg', 'image/jpeg', 'jpg'],
  ['webp', 'image/webp', 'webp'],
  ['avif', 'image/avif', 'avif'],
  ['gif', 'image/gif', 'gif'],
] as const

/** Differs at every pixel, so that a truncation is never without effect. */
const noise: Sharp = sharp({
  create: {
    width: 200,
    height: 120,
    channels: 3,
    background: '#000',
    noise: { type: 'gaussian', mean: 128, sigma: 40 },
  },
})

function plain(width: number, height: number, background: string | object = '#246'): Sharp {
  return sharp({ create: { width, height, channels: 4, background: background as string } }).removeAlpha()
}

for (const [format, mimeType, extension] of FORMATS) {
  test(`reads the type, the dimensions and the previews of ${format}`, async () => {
    const image = await readImage(await plain(1200, 800).toFormat(format).toBuffer(), REFERENCE_LIMITS)
    expect(image).toMatchObject({ mimeType, extension, width: 1200, height: 800 })
    const previews = image.previews.map(async ({ width, bytes }) => ({
      requested: width,
      ...(await readFormat(bytes)),
    }))
    expect(await Promise.all(previews)).toEqual([
      { requested: 320, format: 'webp', width: 320, height: 213 },
      { requested: 960, format: 'webp', width: 960, height: 640 },
    ])
  })

  test(`rejects ${format} that is truncated anywhere`, async () => {
    const whole = await noise.clone().toFormat(format).toBuffer()
    expect(await getRejection(whole)).toBeUndefined()
    for (const fraction of [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]) {
      expect(await getRejection(whole.subarray(0, Math.floor(whole.length * fraction)))).toMatch(
        /^is (damaged or cut short|not a PNG)/,
      )
    }
    expect(await getRejection(whole.subarray(0, -12))).toBe('is damaged or cut short')
  })
}

test('reads and rejects an image in a file like one in memory', async () => {
  await using directory = await createTestDirectory()
  for (const [format] of FORMATS) {
    const bytes = await noise.clone().toFormat(format).toBuffer()
    const file = await writeToFile(directory.path, bytes)
    expect(await readImage(file, REFERENCE_LIMITS)).toEqual(await readImage(bytes, REFERENCE_LIMITS))
    for (const length of [0, 4, bytes.length >> 1, bytes.length - 12]) {
      const truncated = bytes.subarray(0, length)
      const [inMemory, onDisk] = [
        readImage(truncated, REFERENCE_LIMITS),
        readImage(await writeToFile(directory.path, truncated), REFERENCE_LIMITS),
      ]
      const [expected, rejected] = await Promise.allSettled([inMemory, onDisk])
      expect(rejected).toMatchObject({ status: 'rejected', reason: expect.any(MediaError) })
      expect(rejected).toEqual(expected)
    }
  }
})

test('reads a large image in a file to its end', async () => {
  await using directory = await createTestDirectory()
  const bytes = await noise.clone().resize(1_200).png({ compressionLevel: 0 }).toBuffer()
  expect(bytes.length).toBeGreaterThan(2_000_000)
  expect(await readImage(await writeToFile(directory.path, bytes), REFERENCE_LIMITS)).toMatchObject({ width: 1_200 })
  const truncated = readImage(await writeToFile(directory.path, bytes.subarray(0, -12)), REFERENCE_LIMITS)
  await expect(truncated).rejects.toThrow('is damaged or cut short')
})

test('reads an image in the middle of a larger buffer', async () => {
  const bytes = await plain(50, 40).png().toBuffer()
  const buffer = new Uint8Array(bytes.length + 100)
  buffer.set(bytes, 37)
  const read = await readImage(buffer.subarray(37, 37 + bytes.length), REFERENCE_LIMITS)
  expect(read).toEqual(await readImage(bytes, REFERENCE_LIMITS))
})

test('does not enlarge a small image', async () => {
  const { previews } = await readImage(await plain(100, 50).png().toBuffer(), REFERENCE_LIMITS)
  for (const { bytes } of previews) expect(await readFormat(bytes)).toEqual({ format: 'webp', width: 100, height: 50 })
})

for (const [width, height] of [
  [1, 1],
  [40, 17_000],
  [20_000, 2],
] as const) {
  test(`reads an image of ${width} × ${height} pixels`, async () => {
    const image = await readImage(await plain(width, height).png().toBuffer(), REFERENCE_LIMITS)
    expect(image).toMatchObject({ width, height })
    expect(image.previews).toHaveLength(PREVIEW_WIDTHS.length)
  })
}

for (let orientation = 1; orientation <= 8; orientation++) {
  test(`turns an image of EXIF orientation ${orientation} upright, and its previews`, async () => {
    const [red, blue] = ['#c00', '#00c'].map(colour => plain(40, 60, colour).png().toBuffer())
    const bytes = await plain(80, 60)
      .composite([
        { input: (await red) as Buffer, left: 0, top: 0 },
        { input: (await blue) as Buffer, left: 40, top: 0 },
      ])
      .jpeg()
      .withMetadata({ orientation })
      .toBuffer()
    const { width, height, previews } = await readImage(bytes, REFERENCE_LIMITS)
    const isSwapped = orientation > 4
    expect([width, height]).toEqual(isSwapped ? [60, 80] : [80, 60])
    const corner = await pixelOf(previews[0]?.bytes ?? new Uint8Array(), 5, 5)
    // TIFF 6.0 defines where the first pixel of the first row is displayed: top left, top right, bottom right, …
    const isRedLeft = [1, 4, 5, 6].includes(orientation)
    expect(corner.red > corner.blue).toBe(isRedLeft)
    const stripped = await sharp((await stripMetadata(bytes)).bytes).metadata()
    expect([stripped.width, stripped.height, stripped.orientation]).toEqual([width, height, undefined])
  })
}

for (const format of ['gif', 'webp'] as const) {
  test(`reads the first frame of an animated ${format}, not the strip of all frames`, async () => {
    const colours = ['#c00', '#0c0', '#00c'].map(colour => plain(60, 40, colour).png().toBuffer())
    const animation = await sharp(await Promise.all(colours), { join: { animated: true } })
      .toFormat(format)
      .toBuffer()
    expect((await sharp(animation).metadata()).pages).toBe(3)
    const { width, height, previews } = await readImage(animation, REFERENCE_LIMITS)
    expect([width, height]).toEqual([60, 40])
    const pixel = await pixelOf(previews[0]?.bytes ?? new Uint8Array(), 30, 20)
    expect(pixel.red).toBeGreaterThan(pixel.blue + 100)
  })
}

for (const [name, bytes] of [
  ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><script>alert(1)</script></svg>'],
  ['SVG in XML', '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'],
  ['HTML', '<!doctype html><script>alert(1)</script>'],
  ['PDF', '%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj'],
  ['PostScript', '%!PS-Adobe-3.0 EPSF-3.0'],
  ['TIFF', 'II*\0\b\0\0\0'],
  ['BMP', 'BM\x9a\0\0\0'],
  ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic'],
  ['MP4', '\0\0\0\x18ftypisom\0\0\x02\0isomiso2'],
  ['WAVE', 'RIFF\x24\0\0\0WAVEfmt '],
  ['ZIP', 'PK\x03\x04'],
  ['an image with a byte before it', ' \x89PNG\r\n\x1a\n'],
  ['text', 'hello'],
  ['one byte', '\x89'],
] as const) {
  test(`rejects ${name} before decoding`, async () => {
    const latin = Buffer.from(bytes, 'latin1')
    expect(await getRejection(latin)).toBe('is not a PNG, JPEG, WebP, AVIF or GIF picture')
    expect(sniffImageType(latin)).toBeUndefined()
  })
}

for (const [format, mimeType] of FORMATS) {
  test(`rejects an HTML page that begins like ${format}`, async () => {
    const head = (await plain(8, 8).toFormat(format).toBuffer()).subarray(0, 16)
    const page = Buffer.concat([head, Buffer.from('<html><script>alert(1)</script></html>'.repeat(20))])
    expect(sniffImageType(page)).toBe(mimeType)
    expect(await getRejection(page)).toBe('is damaged or cut short')
  })
}

test('rejects an empty file and one above the limit on bytes', async () => {
  expect(await getRejection(new Uint8Array())).toBe('is empty')
  const [png, maxBytes] = [await plain(10, 10).png().toBuffer(), REFERENCE_LIMITS.bytes]
  const padded = Buffer.concat([png, Buffer.alloc(maxBytes + 1 - png.length)])
  expect(await getRejection(padded)).toBe('is larger than 20 MB')
  expect(await getRejection(padded.subarray(0, maxBytes))).toBeUndefined()
})

for (const [format, enlarge] of [
  ['png', (bytes: Buffer) => withIhdr(bytes, 30_000, 30_000)],
  [
    'gif',
    (bytes: Buffer) => overwrite(overwrite(bytes, 6, HUGE_DIMENSIONS), findFirstFrame(bytes) + 5, HUGE_DIMENSIONS),
  ],
  ['jpeg', (bytes: Buffer) => overwrite(bytes, findStartOfFrame(bytes) + 5, HUGE_DIMENSIONS)],
] as const) {
  test(`rejects a ${format} of too many pixels by its header, before decoding`, async () => {
    const bomb = enlarge(await noise.clone().toFormat(format).toBuffer())
    // The pixels are those of a small image: a decoder would report it as damaged instead.
    expect(await getRejection(bomb)).toBe('has more than 50 megapixels')
  })
}

test('applies the limit on pixels that it is given', async () => {
  const bytes = await plain(100, 101).png().toBuffer()
  expect(await getRejection(bytes, { bytes: 1e6, pixels: 10_000 })).toBe('has more than 0.01 megapixels')
  expect(await getRejection(bytes, { bytes: 1e6, pixels: 10_100 })).toBeUndefined()
})

test('a placeholder has the colour and the aspect ratio of its image', async () => {
  const { placeholder } = await readImage(await plain(600, 300, '#2040c0').png().toBuffer(), REFERENCE_LIMITS)
  const hash = Buffer.from(placeholder, 'base64')
  const { w, h, rgba } = thumbHashToRGBA(hash)
  expect(rgba).toHaveLength(w * h * 4)
  expect(w / h).toBeCloseTo(2, 0)
  const { r, g, b, a } = thumbHashToAverageRGBA(hash)
  expect([r, g, b, a].map(part => Math.round(part * 10) / 10)).toEqual([0.1, 0.3, 0.8, 1])
})

for (const [format, background] of [
  ['jpeg', '#246'],
  ['png', '#246'],
  ['png', '#2468'],
  ['webp', '#2468'],
  ['avif', '#246'],
] as const) {
  test(`removes all metadata of a ${format} of ${background} from its copy and its previews`, async () => {
    const bytes = await withSecretMetadata(format, background)
    expect(bytes.includes(SECRET)).toBe(true)
    const stripped = Buffer.from((await stripMetadata(bytes)).bytes)
    const { previews } = await readImage(bytes, REFERENCE_LIMITS)
    for (const made of [stripped, ...previews.map(preview => Buffer.from(preview.bytes))]) {
      expect(made.includes(SECRET)).toBe(false)
      const { exif, xmp, iptc, orientation } = await sharp(made).metadata()
      expect({ exif, xmp, iptc, orientation }).toEqual({
        exif: undefined,
        xmp: undefined,
        iptc: undefined,
        orientation: undefined,
      })
    }
  })
}

test('re-encodes as JPEG, or as PNG with an alpha channel', async () => {
  const transparent = sharp({ create: { width: 8, height: 8, channels: 4, background: '#fff8' } })
  expect(await stripMetadata(await transparent.webp().toBuffer())).toMatchObject({ mimeType: 'image/png' })
  expect(await stripMetadata(await plain(8, 8).png().toBuffer())).toMatchObject({ mimeType: 'image/jpeg' })
})

/** Returns why an image is rejected, which is the same whether it is read or only validated. */
async function getRejection(bytes: Uint8Array, limits = REFERENCE_LIMITS): Promise<string | undefined> {
  const [read, validated] = await Promise.allSettled([readImage(bytes, limits), validateImage(bytes, limits)])
  const rejections = [read, validated].flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
  for (const error of rejections) expect(error).toBeInstanceOf(MediaError)
  const [message, other] = rejections.map(({ message }) => message)
  expect(other).toBe(message)
  return message
}

async function readFormat(bytes: Uint8Array) {
  const { format, width, height } = await sharp(bytes).metadata()
  return { format, width, height }
}

async function pixelOf(bytes: Uint8Array, left: number, top: number): Promise<{ red: number; blue: number }> {
  const pixel = await sharp(bytes).extract({ left, top, width: 1, height: 1 }).removeAlpha().raw().toBuffer()
  return { red: pixel[0] ?? 0, blue: pixel[2] ?? 0 }
}

/** Makes an image with a secret in every kind of metadata that its format supports. */
async function withSecretMetadata(format: 'jpeg' | 'png' | 'webp' | 'avif', background: string): Promise<Buffer> {
  const bytes = await sharp({ create: { width: 64, height: 48, channels: 4, background } })
    .withExif({ IFD0: { Artist: SECRET, Make: SECRET }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '52/1 31/1 0/1' } })
    .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/">${SECRET}</x:xmpmeta>`)
    .toFormat(format)
    .toBuffer()
  if (format !== 'png') return bytes
  const end = bytes.length - 12
  return Buffer.concat([bytes.subarray(0, end), chunk('tEXt', Buffer.from(`Comment\0${SECRET}`)), bytes.subarray(end)])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  return Buffer.concat([uint32(data.length), body, uint32(crc32(body))])
}

function withIhdr(png: Buffer, width: number, height: number): Buffer {
  const header = Buffer.concat([uint32(width), uint32(height), png.subarray(24, 29)])
  return Buffer.concat([png.subarray(0, 8), chunk('IHDR', header), png.subarray(33)])
}

/** Finds the descriptor of the first frame, after the header, the colour table and the loop extension. */
function findFirstFrame(gif: Buffer): number {
  return gif.indexOf(Buffer.of(0x2c, 0, 0, 0, 0))
}

function findStartOfFrame(jpeg: Buffer): number {
  const markers = [0xc0, 0xc2].map(kind => jpeg.indexOf(Buffer.of(0xff, kind)))
  return Math.max(...markers)
}

function overwrite(bytes: Buffer, at: number, values: number[]): Buffer {
  const copy = Buffer.from(bytes)
  copy.set(values, at)
  return copy
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

async function writeToFile(directory: string, bytes: Uint8Array<ArrayBuffer>) {
  const path = join(directory, crypto.randomUUID())
  await Bun.write(path, bytes)
  return { path, bytes: bytes.byteLength }
}
