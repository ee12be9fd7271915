import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { PREVIEW_WIDTHS } from '@darkroom/contracts/previews'
import sharp, { type Sharp } from 'sharp'
import { thumbHashToAverageRGBA, thumbHashToRGBA } from 'thumbhash'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { ImageError, REFERENCE_LIMITS, readImage, sniffImageType, stripMetadata } from './image.ts'

const SECRET = 'Elmstreet-13-hunter2'

/** An edge as two bytes, twice; the same from either end. */
const WALL = [0x7f, 0x7f, 0x7f, 0x7f]

const FORMATS = [
  ['png', 'image/png', 'png'],
  ['jpeg', 'image/jpeg', 'jpg'],
  ['webp', 'image/webp', 'webp'],
  ['avif', 'image/avif', 'avif'],
  ['gif', 'image/gif', 'gif'],
] as const

/** Different at every pixel, so that what is cut away is missed. */
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
  test(`${format} is read: what it is, how large, and what is kept beside it`, async () => {
    const picture = await readImage(await plain(1200, 800).toFormat(format).toBuffer(), REFERENCE_LIMITS)
    expect(picture).toMatchObject({ mimeType, extension, width: 1200, height: 800 })
    const previews = picture.previews.map(async ({ width, bytes }) => ({ asked: width, ...(await readFormat(bytes)) }))
    expect(await Promise.all(previews)).toEqual([
      { asked: 320, format: 'webp', width: 320, height: 213 },
      { asked: 960, format: 'webp', width: 960, height: 640 },
    ])
  })

  test(`${format} that is cut short anywhere is refused`, async () => {
    const whole = await noise.clone().toFormat(format).toBuffer()
    expect(await getRefusal(whole)).toBeUndefined()
    for (const kept of [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]) {
      expect(await getRefusal(whole.subarray(0, Math.floor(whole.length * kept)))).toMatch(
        /^is (damaged or cut short|not a PNG)/,
      )
    }
    expect(await getRefusal(whole.subarray(0, -12))).toBe('is damaged or cut short')
  })
}

test('a picture in a file is read like one in memory, and refused like one', async () => {
  await using directory = await createTestDirectory()
  for (const [format] of FORMATS) {
    const bytes = await noise.clone().toFormat(format).toBuffer()
    const file = await writeToFile(directory.path, bytes)
    expect(await readImage(file, REFERENCE_LIMITS)).toEqual(await readImage(bytes, REFERENCE_LIMITS))
    for (const kept of [0, 4, bytes.length >> 1, bytes.length - 12]) {
      const cut = bytes.subarray(0, kept)
      const [inMemory, onDisk] = [
        readImage(cut, REFERENCE_LIMITS),
        readImage(await writeToFile(directory.path, cut), REFERENCE_LIMITS),
      ]
      const [expected, refused] = await Promise.allSettled([inMemory, onDisk])
      expect(refused).toMatchObject({ status: 'rejected', reason: expect.any(ImageError) })
      expect(refused).toEqual(expected)
    }
  }
})

test('a large picture in a file is read to its end', async () => {
  await using directory = await createTestDirectory()
  const bytes = await noise.clone().resize(1_200).png({ compressionLevel: 0 }).toBuffer()
  expect(bytes.length).toBeGreaterThan(2_000_000)
  expect(await readImage(await writeToFile(directory.path, bytes), REFERENCE_LIMITS)).toMatchObject({ width: 1_200 })
  const cut = readImage(await writeToFile(directory.path, bytes.subarray(0, -12)), REFERENCE_LIMITS)
  await expect(cut).rejects.toThrow('is damaged or cut short')
})

test('a picture is read the same wherever in memory it lies', async () => {
  const bytes = await plain(50, 40).png().toBuffer()
  const page = new Uint8Array(bytes.length + 100)
  page.set(bytes, 37)
  const read = await readImage(page.subarray(37, 37 + bytes.length), REFERENCE_LIMITS)
  expect(read).toEqual(await readImage(bytes, REFERENCE_LIMITS))
})

test('a small picture is not enlarged', async () => {
  const { previews } = await readImage(await plain(100, 50).png().toBuffer(), REFERENCE_LIMITS)
  for (const { bytes } of previews) expect(await readFormat(bytes)).toEqual({ format: 'webp', width: 100, height: 50 })
})

for (const [width, height] of [
  [1, 1],
  [40, 17_000],
  [20_000, 2],
] as const) {
  test(`a picture of ${width} × ${height} is a picture`, async () => {
    const picture = await readImage(await plain(width, height).png().toBuffer(), REFERENCE_LIMITS)
    expect(picture).toMatchObject({ width, height })
    expect(picture.previews).toHaveLength(PREVIEW_WIDTHS.length)
  })
}

for (let orientation = 1; orientation <= 8; orientation++) {
  test(`a picture held as camera orientation ${orientation} says is told upright, and so are its previews`, async () => {
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
    const turned = orientation > 4
    expect([width, height]).toEqual(turned ? [60, 80] : [80, 60])
    const corner = await pixelOf(previews[0]?.bytes ?? new Uint8Array(), 5, 5)
    // Where the first pixel of the first row is to be seen, by TIFF 6.0: top left, top right, bottom right, …
    const redFirst = [1, 4, 5, 6].includes(orientation)
    expect(corner.red > corner.blue).toBe(redFirst)
    const sent = await sharp((await stripMetadata(bytes)).bytes).metadata()
    expect([sent.width, sent.height, sent.orientation]).toEqual([width, height, undefined])
  })
}

for (const format of ['gif', 'webp'] as const) {
  test(`of an animated ${format} the first frame counts, not the strip of all`, async () => {
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

for (const [what, bytes] of [
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
  ['a picture with something before it', ' \x89PNG\r\n\x1a\n'],
  ['text', 'hello'],
  ['one byte', '\x89'],
] as const) {
  test(`${what} is none of the pictures that are taken, and is not even tried`, async () => {
    const latin = Buffer.from(bytes, 'latin1')
    expect(await getRefusal(latin)).toBe('is not a PNG, JPEG, WebP, AVIF or GIF picture')
    expect(sniffImageType(latin)).toBeUndefined()
  })
}

for (const [format, mimeType] of FORMATS) {
  test(`a page that begins like ${format} is refused all the same`, async () => {
    const head = (await plain(8, 8).toFormat(format).toBuffer()).subarray(0, 16)
    const page = Buffer.concat([head, Buffer.from('<html><script>alert(1)</script></html>'.repeat(20))])
    expect(sniffImageType(page)).toBe(mimeType)
    expect(await getRefusal(page)).toBe('is damaged or cut short')
  })
}

test('nothing is refused as empty, too much as too much', async () => {
  expect(await getRefusal(new Uint8Array())).toBe('is empty')
  const [png, most] = [await plain(10, 10).png().toBuffer(), REFERENCE_LIMITS.bytes]
  const padded = Buffer.concat([png, Buffer.alloc(most + 1 - png.length)])
  expect(await getRefusal(padded)).toBe('is larger than 20 MB')
  expect(await getRefusal(padded.subarray(0, most))).toBeUndefined()
})

for (const [format, enlarge] of [
  ['png', (bytes: Buffer) => withIhdr(bytes, 30_000, 30_000)],
  ['gif', (bytes: Buffer) => overwrite(overwrite(bytes, 6, WALL), firstFrame(bytes) + 5, WALL)],
  ['jpeg', (bytes: Buffer) => overwrite(bytes, startOfFrame(bytes) + 5, WALL)],
] as const) {
  test(`a ${format} that promises to be a wall is refused by its header, before anything of it is unpacked`, async () => {
    const bomb = enlarge(await noise.clone().toFormat(format).toBuffer())
    // Behind the header there is nothing of that size: whoever unpacked it would call it damaged.
    expect(await getRefusal(bomb)).toBe('has more than 50 megapixels')
  })
}

test('the limit on pixels is the one that was given', async () => {
  const bytes = await plain(100, 101).png().toBuffer()
  expect(await getRefusal(bytes, { bytes: 1e6, pixels: 10_000 })).toBe('has more than 0.01 megapixels')
  expect(await getRefusal(bytes, { bytes: 1e6, pixels: 10_100 })).toBeUndefined()
})

test('a placeholder can be drawn, and has the colour and the shape of its picture', async () => {
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
  test(`of what a ${format} of ${background} says about place, camera and people nothing goes on or is in a preview`, async () => {
    const bytes = await withSecretMetadata(format, background)
    expect(bytes.includes(SECRET)).toBe(true)
    const sent = Buffer.from((await stripMetadata(bytes)).bytes)
    const { previews } = await readImage(bytes, REFERENCE_LIMITS)
    for (const made of [sent, ...previews.map(preview => Buffer.from(preview.bytes))]) {
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

test('without metadata a picture is a JPEG, or a PNG where one can see through it', async () => {
  const seeThrough = sharp({ create: { width: 8, height: 8, channels: 4, background: '#fff8' } })
  expect(await stripMetadata(await seeThrough.webp().toBuffer())).toMatchObject({ mimeType: 'image/png' })
  expect(await stripMetadata(await plain(8, 8).png().toBuffer())).toMatchObject({ mimeType: 'image/jpeg' })
})

/** Why the picture is refused, undefined if it is not. */
async function getRefusal(bytes: Uint8Array, limits = REFERENCE_LIMITS): Promise<string | undefined> {
  return await readImage(bytes, limits).then(
    () => undefined,
    error => {
      expect(error).toBeInstanceOf(ImageError)
      return error.message
    },
  )
}

async function readFormat(bytes: Uint8Array) {
  const { format, width, height } = await sharp(bytes).metadata()
  return { format, width, height }
}

async function pixelOf(bytes: Uint8Array, left: number, top: number): Promise<{ red: number; blue: number }> {
  const pixel = await sharp(bytes).extract({ left, top, width: 1, height: 1 }).removeAlpha().raw().toBuffer()
  return { red: pixel[0] ?? 0, blue: pixel[2] ?? 0 }
}

/** A picture that says a secret in every way that its format has. */
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

/** Behind header, colours and the block that says how often it repeats. */
function firstFrame(gif: Buffer): number {
  return gif.indexOf(Buffer.of(0x2c, 0, 0, 0, 0))
}

function startOfFrame(jpeg: Buffer): number {
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
