import { expect, test } from 'bun:test'
import { canRemoveMetadata } from '@darkroom/contracts/history/download-metadata'
import fc from 'fast-check'
import sharp, { type Sharp } from 'sharp'
import { readOrientation } from './orientation.ts'
import { createChunk } from './png-chunks.ts'
import { removeMetadata } from './remove-metadata.ts'

const [WIDTH, HEIGHT] = [40, 30]
const SECRET = 'taken at 48.8584, 2.2945'
const PIXELS = Buffer.from({ length: WIDTH * HEIGHT * 4 }).map((_, at) => (at * 7919) % 251)
const FORMATS = {
  png: (image: Sharp) => image.png(),
  jpeg: (image: Sharp) => image.jpeg({ quality: 90 }),
  progressive: (image: Sharp) => image.jpeg({ quality: 90, progressive: true }),
  webp: (image: Sharp) => image.webp({ quality: 90 }),
  lossless: (image: Sharp) => image.webp({ lossless: true }),
}

for (const [name, encode] of Object.entries(FORMATS)) {
  for (const orientation of [1, 6]) {
    test(`removes metadata from ${name} with orientation ${orientation}, and leaves pixels, colours and orientation`, async () => {
      const original = await encodeImage(encode, orientation)
      expect(original.includes(SECRET)).toBe(true)
      const cleaned = remove(original)
      expect(cleaned.includes(SECRET)).toBe(false)
      const [before, after] = [await sharp(original).metadata(), await sharp(cleaned).metadata()]
      expect([after.xmp, after.iptc, after.comments]).toEqual([undefined, undefined, undefined])
      expect([after.orientation ?? 1, after.icc]).toEqual([orientation, before.icc as Buffer])
      expect(after.exif === undefined).toBe(orientation === 1)
      expect(await readPixels(cleaned)).toEqual(await readPixels(original))
      expect(remove(cleaned)).toEqual(cleaned)
    })
  }
}

test('removes texts, times, unknown chunks and what follows the end of a PNG', async () => {
  const png = await encodeImage(FORMATS.png, 1)
  const chunks = ['tEXt', 'zTXt', 'iTXt', 'tIME', 'caBX', 'prVt'].map(type =>
    createChunk(type, Buffer.from(`parameters\0${SECRET}`, 'latin1')),
  )
  const written = Buffer.concat([png.subarray(0, -12), ...chunks, png.subarray(-12), Buffer.from(`PK${SECRET}`)])
  expect(remove(written)).toEqual(remove(png))
})

test('removes comments, other application segments, thumbnails and what follows the end of a JPEG', async () => {
  const jpeg = await encodeImage(FORMATS.jpeg, 1)
  const segments = [0xe1, 0xe2, 0xe5, 0xed, 0xef, 0xfe].map(marker => createSegment(marker, `MPF\0${SECRET}`))
  const thumbnail = Buffer.concat([
    Buffer.from('JFIF\0\x01\x02\x01\0\x48\0\x48\x02\x01', 'latin1'),
    Buffer.from(SECRET),
  ])
  const written = Buffer.concat([
    ...[jpeg.subarray(0, 2), createSegment(0xe0, thumbnail), ...segments, jpeg.subarray(2), jpeg],
  ])
  const cleaned = remove(written)
  expect(cleaned.includes(SECRET)).toBe(false)
  expect(await readPixels(cleaned)).toEqual(await readPixels(jpeg))
})

test('reads an orientation of 16 and of 32 bits, in either byte order, and none that makes no sense', () => {
  const read = (hex: string) => readOrientation(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
  expect(read('4d4d002a 00000008 0001 0112 0003 00000001 00060000')).toBe(6)
  expect(read('4d4d002a 00000008 0001 0112 0004 00000001 00000006')).toBe(6)
  expect(read('49492a00 08000000 0100 1201 0300 01000000 06000000')).toBe(6)
  expect(read('49492a00 08000000 0100 1201 0400 01000000 06000000')).toBe(6)
  expect(read('49492a00 08000000 0100 1201 0400 01000000 ffffffff')).toBe(1)
  expect([read(''), read('4d4d002a ffffffff'), read('4d4d002a 00000008 ffff 0112')]).toEqual([1, 1, 1])
})

test('retains the frames of an animation', async () => {
  const frames = await sharp(PIXELS, { raw: { width: WIDTH, height: HEIGHT, channels: 4, pageHeight: HEIGHT / 2 } })
    .withExif({ IFD0: { Copyright: SECRET } })
    .webp({ lossless: true })
    .toBuffer()
  const cleaned = remove(frames)
  expect([frames.includes(SECRET), cleaned.includes(SECRET)]).toEqual([true, false])
  expect((await sharp(cleaned, { pages: -1 }).metadata()).pages).toBe(2)
  expect(await readPixels(cleaned)).toEqual(await readPixels(frames))
})

test('leaves formats without a reader and damaged files alone', async () => {
  const gif = await sharp(PIXELS, { raw: { width: WIDTH, height: HEIGHT, channels: 4 } })
    .gif()
    .toBuffer()
  expect([removeMetadata(gif), removeMetadata(new Uint8Array())]).toEqual([undefined, undefined])
  for (const encode of Object.values(FORMATS)) {
    const whole = await encodeImage(encode, 1)
    expect(removeMetadata(whole.subarray(0, whole.length - 40))).toBeUndefined()
  }
  expect(['image/png', 'image/gif', 'video/mp4', null].map(canRemoveMetadata)).toEqual([true, false, false, false])
})

test('ends for any bytes, and never returns more than it was given', async () => {
  const files = await Promise.all(Object.values(FORMATS).map(encode => encodeImage(encode, 6)))
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 20 })
  fc.assert(
    fc.property(fc.constantFrom(...files), changes, fc.nat(), (file, changes, cut) => {
      const changed = Buffer.from(file.subarray(0, Math.max(20, cut % (file.length + 1))))
      for (const [at, value] of changes) changed[at % changed.length] = value
      const parts = removeMetadata(changed) ?? []
      expect(parts.reduce((sum, part) => sum + part.byteLength, 0)).toBeLessThanOrEqual(changed.length + 100)
    }),
    { numRuns: 1_000 },
  )
})

function remove(bytes: Uint8Array): Buffer {
  return Buffer.concat(removeMetadata(bytes) ?? [])
}

async function encodeImage(encode: (image: Sharp) => Sharp, orientation: number): Promise<Buffer> {
  const image = sharp(PIXELS, { raw: { width: WIDTH, height: HEIGHT, channels: 4 } })
    .withIccProfile('p3')
    .withExif({ IFD0: { Copyright: SECRET, Software: 'Darkroom' }, IFD3: { GPSLatitudeRef: 'N' } })
    .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf>${SECRET}</rdf></x:xmpmeta>`)
    .withMetadata({ orientation })
  return await encode(image).toBuffer()
}

async function readPixels(bytes: Uint8Array): Promise<Buffer> {
  return await sharp(bytes, { pages: -1 }).raw().toBuffer()
}

function createSegment(marker: number, body: string | Buffer): Buffer {
  const segment = Buffer.concat([Buffer.from([0xff, marker, 0, 0]), Buffer.from(body)])
  segment.writeUInt16BE(segment.length - 2, 2)
  return segment
}
