import { expect, test } from 'bun:test'
import sharp from 'sharp'
import { REFERENCE_LIMITS } from '../check-image.ts'
import { readImage } from '../image.ts'
import { sniffImageType } from '../image-formats.ts'
import { readMedia } from '../media.ts'
import { MediaError } from '../media-error.ts'
import {
  buildBox,
  buildExtendedHeader,
  buildRiffChunk,
  buildSegment,
  buildWebp,
  splitWebp,
} from './build-file.fixture.ts'
import { buildGif } from './build-gif.fixture.ts'
import { inspectImage } from './inspect-image.ts'
import { selectDecodable } from './select-decodable.ts'

const DAMAGED = 'is damaged or cut short'
const SECRET = 'taken at 48.8584, 2.2945'
const [WIDTH, HEIGHT] = [40, 30]
const PIXELS = Buffer.from({ length: WIDTH * HEIGHT * 4 }).map((_, at) => (at * 7919) % 251)
const create = () => sharp(PIXELS, { raw: { width: WIDTH, height: HEIGHT, channels: 4 } })

test('a decoder gets of a JPEG what it needs to be shown, and no more', async () => {
  const profiled = create()
    .withIccProfile('p3')
    .withExif({ IFD0: { Copyright: SECRET } })
    .withMetadata({ orientation: 6 })
  const jpeg = await profiled.jpeg().toBuffer()
  const segments = [0xe1, 0xe2, 0xed, 0xfe].map(marker => buildSegment(marker, `MPF\0${SECRET}`))
  const written = Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2), Buffer.from(SECRET), jpeg])
  const decodable = await select(written)
  expect(decodable.includes(SECRET)).toBe(false)
  const [before, after] = [await sharp(jpeg).metadata(), await sharp(decodable).metadata()]
  expect([after.orientation, after.icc?.length]).toEqual([6, before.icc?.length as number])
  expect(await readPixels(decodable)).toEqual(await readPixels(jpeg))
  // What precedes a marker is skipped, as decoders do.
  expect(await getRejection(Buffer.concat([insert(jpeg, [...segments, Buffer.from('junk')])]))).toBeUndefined()
})

test('a JPEG of a camera, with very many segments and images after it, is accepted', async () => {
  const jpeg = await create().removeAlpha().jpeg().toBuffer()
  const segments = Array.from({ length: 300 }, () => buildSegment(0xe1, Buffer.alloc(60_000)))
  const written = Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2), jpeg, jpeg])
  expect(await getRejection(written)).toBeUndefined()
})

test.each([
  ['a size far beyond its data', (jpeg: Buffer) => writeFrame(jpeg, { width: 7_000, height: 7_000 }), DAMAGED],
  ['no height', (jpeg: Buffer) => writeFrame(jpeg, { height: 0 }), /does not state its height/],
  ['arithmetic coding', (jpeg: Buffer) => writeFrame(jpeg, { marker: 0xc9 }), /rare kind/],
  ['lossless coding', (jpeg: Buffer) => writeFrame(jpeg, { marker: 0xc3 }), /rare kind/],
  ['samples of 12 bits', (jpeg: Buffer) => writeFrame(jpeg, { depth: 12 }), /rare kind/],
  ['a thousand scans', (jpeg: Buffer) => repeatScan(jpeg, 1_000), /more than 100 scans/],
  [
    'a huge profile',
    (jpeg: Buffer) =>
      insert(
        jpeg,
        Array.from({ length: 200 }, () => buildSegment(0xe2, `ICC_PROFILE\0${'x'.repeat(60_000)}`)),
      ),
    /colour profile of more than 8 MB/,
  ],
  [
    'a million segments',
    (jpeg: Buffer) =>
      insert(jpeg, [Buffer.concat(Array.from({ length: 1_000_000 }, () => Buffer.from([0xff, 0xfe, 0, 2])))]),
    /more than 40,000 parts/,
  ],
  ['a segment beyond its end', (jpeg: Buffer) => jpeg.subarray(0, 30), DAMAGED],
] as const)('a JPEG with %s is rejected before a decoder sees it', async (_, change, message) => {
  const jpeg = await create().removeAlpha().jpeg({ progressive: true }).toBuffer()
  expect(await getRejection(change(jpeg))).toMatch(message)
})

test('a decoder gets the first frame of a GIF at its position, with its transparency', async () => {
  const first = { left: 4, top: 2, width: 8, height: 6, index: 1 }
  const gif = buildGif(20, 10, [first, ...Array.from({ length: 300 }, () => ({ ...first, left: 0, index: 2 }))], SECRET)
  const decodable = await select(gif)
  expect([decodable.length < 120, decodable.includes(SECRET)]).toEqual([true, false])
  const { data, info } = await sharp(decodable).raw().toBuffer({ resolveWithObject: true })
  expect(info).toMatchObject({ width: 20, height: 10, channels: 4 })
  const at = (left: number, top: number) => [...data.subarray(4 * (top * 20 + left), 4 * (top * 20 + left) + 4)]
  expect([at(0, 0)[3], at(4, 2), at(11, 7), at(12, 7)[3]]).toEqual([0, [255, 0, 0, 255], [255, 0, 0, 255], 0])
  expect(await readImage(gif, REFERENCE_LIMITS)).toMatchObject({ width: 20, height: 10 })
})

test('a GIF whose frames are very many, larger than its screen, or huge is accepted or rejected by its headers', async () => {
  const frame = { left: 0, top: 0, width: 2, height: 2, index: 1 }
  expect(
    await getRejection(
      buildGif(
        4,
        4,
        Array.from({ length: 100_000 }, () => frame),
      ),
    ),
  ).toMatch(/parts|10,000 frames/)
  expect(await getRejection(buildGif(4, 4, [frame, { ...frame, left: 60_000 }]))).toBeUndefined()
  const gif = buildGif(4, 4, [frame])
  const at = gif.indexOf(Buffer.of(0x2c, 0, 0, 0, 0))
  gif.writeUInt16LE(60_000, at + 5)
  gif.writeUInt16LE(60_000, at + 7)
  expect(await getRejection(gif)).toBe('has more than 50 megapixels')
})

test('a decoder gets of a WebP its first frame, profile and orientation, and no more', async () => {
  const frames = await sharp(PIXELS, { raw: { width: WIDTH, height: HEIGHT, channels: 4, pageHeight: HEIGHT / 3 } })
    .withIccProfile('p3')
    .withExif({ IFD0: { Copyright: SECRET } })
    .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/">${SECRET}</x:xmpmeta>`)
    .webp({ lossless: true })
    .toBuffer()
  const [inspected, decodable] = [await inspectImage(frames, REFERENCE_LIMITS), await select(frames)]
  expect(inspected).toMatchObject({ width: WIDTH, height: HEIGHT / 3, frames: 3 })
  expect([frames.includes(SECRET), decodable.includes(SECRET)]).toEqual([true, false])
  const { pages, icc } = await sharp(decodable, { pages: -1 }).metadata()
  expect([pages ?? 1, icc?.length]).toEqual([1, (await sharp(frames).metadata()).icc?.length as number])
  expect(await readPixels(decodable)).toEqual(await readPixels(frames))
  const turned = await create().withMetadata({ orientation: 6 }).webp().toBuffer()
  expect((await sharp(await select(turned)).metadata()).orientation).toBe(6)
})

test('a WebP whose sizes disagree, or are huge, is rejected before a decoder sees it', async () => {
  const [image] = splitWebp(await create().removeAlpha().webp().toBuffer()) as [Buffer]
  const withHeader = (...chunks: Buffer[]) => getRejection(buildWebp(chunks))
  expect(await withHeader(buildExtendedHeader(WIDTH, HEIGHT), image)).toBeUndefined()
  expect(await withHeader(buildExtendedHeader(16_000_000, 1), image)).toBe('is more than 100,000 pixels wide or high')
  expect(await withHeader(buildExtendedHeader(2 ** 24, 2 ** 24), image)).toBe('has more than 50 megapixels')
  expect(await withHeader(buildExtendedHeader(WIDTH + 1, HEIGHT), image)).toBe(DAMAGED)
  const profile = buildRiffChunk('ICCP', Buffer.alloc(9_000_000))
  expect(await withHeader(buildExtendedHeader(WIDTH, HEIGHT, 0x20), profile, image)).toMatch(/colour profile/)
  const hidden = [buildRiffChunk('XMP ', Buffer.alloc(5_000_000)), buildRiffChunk('EXIF', Buffer.alloc(5_000_000))]
  expect(await withHeader(buildExtendedHeader(WIDTH, HEIGHT, 0x0c), image, ...hidden)).toBeUndefined()
  const frame = Buffer.concat([Buffer.alloc(16), image])
  frame.writeUIntLE(WIDTH - 1, 6, 3)
  frame.writeUIntLE(HEIGHT - 1, 9, 3)
  const animation = buildRiffChunk('ANIM', Buffer.alloc(6))
  expect(
    await withHeader(buildExtendedHeader(WIDTH, HEIGHT, 2), animation, buildRiffChunk('ANMF', frame)),
  ).toBeUndefined()
  frame.writeUIntLE(5, 0, 3)
  expect(await withHeader(buildExtendedHeader(WIDTH, HEIGHT, 2), animation, buildRiffChunk('ANMF', frame))).toBe(
    DAMAGED,
  )
  const many = Array.from({ length: 10_001 }, () => buildRiffChunk('ANMF', frame.fill(0, 0, 6)))
  expect(await withHeader(buildExtendedHeader(WIDTH, HEIGHT, 2), animation, ...many)).toMatch(/10,000 frames/)
})

test.each([
  ['avif', ['avif', 'mif1', 'miaf'], true],
  ['mif1', ['mif1', 'miaf', 'avif'], true],
  ['msf1', ['avis', 'msf1'], true],
  ['MA1B', ['miaf', 'avif'], true],
  ['mif1', ['mif1', 'heic'], false],
  ['heic', ['mif1', 'heic'], false],
  ['isom', ['iso2', 'avc1'], false],
] as const)('an image file of main brand %s, compatible with %j, is AVIF: %p', async (main, compatible, expected) => {
  const avif = await create().avif().toBuffer()
  const brands = buildBox('ftyp', `${main}\0\0\0\0${compatible.join('')}`)
  // The positions of the data count from the beginning of the file: the box has to have its size.
  const size = avif.readUInt32BE(0)
  const padding = size - brands.length
  const written = Buffer.concat([brands, avif.subarray(size)])
  expect(sniffImageType(written) === 'image/avif').toBe(expected)
  if (!expected) return
  const same = Buffer.concat([
    buildBox('ftyp', `${main}\0\0\0\0${compatible.join('').padEnd(size - 16, 'free')}`),
    avif.subarray(size),
  ])
  expect(padding).toBeGreaterThanOrEqual(0)
  const images = { read: readImage }
  const limits = { image: REFERENCE_LIMITS, videoBytes: 1e6 }
  const media = await readMedia(images, same, limits, { signal: new AbortController().signal })
  expect(media).toMatchObject({ kind: 'image', mimeType: 'image/avif', width: WIDTH, height: HEIGHT })
})

test('a decoder gets of an AVIF no metadata, and its pixels and orientation as they are', async () => {
  for (const orientation of [1, 3, 6]) {
    const avif = await create()
      .withExif({ IFD0: { Copyright: SECRET } })
      .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/">${SECRET}</x:xmpmeta>`)
      .withIccProfile('p3')
      .withMetadata({ orientation })
      .avif({ lossless: true })
      .toBuffer()
    const decodable = await select(Buffer.concat([avif, Buffer.from('appended')]))
    const [before, after] = [await sharp(avif).metadata(), await sharp(decodable).metadata()]
    expect([before.exif !== undefined, before.xmp !== undefined]).toEqual([true, true])
    expect([after.exif, after.xmp, after.icc?.length]).toEqual([undefined, undefined, before.icc?.length as number])
    expect([after.autoOrient, after.depth]).toEqual([before.autoOrient, before.depth])
    expect(await readPixels(decodable)).toEqual(await readPixels(avif))
  }
})

test('an AVIF whose sizes or boxes are huge or false is rejected before a decoder sees it', async () => {
  const avif = await create().removeAlpha().avif().toBuffer()
  const size = avif.indexOf('ispe') + 8
  const withSize = (width: number, height: number) => write(avif, size, [width, height])
  expect(await getRejection(withSize(60_000, 60_000))).toBe('has more than 50 megapixels')
  expect(await getRejection(withSize(2 ** 32 - 1, 1))).toMatch(/megapixels/)
  expect(await getRejection(withSize(0, 1))).toBe(DAMAGED)
  for (const type of ['meta', 'iprp', 'ipco', 'iinf', 'iloc', 'pitm']) {
    const at = avif.indexOf(type) - 4
    // A length of 0 means, for the index, that it ends with the file.
    for (const length of [type === 'meta' ? 2 : 0, 1, 7, 2 ** 31, 2 ** 32 - 1])
      expect([type, length, await getRejection(write(avif, at, [length]))]).toEqual([type, length, DAMAGED])
  }
})

test('the bitstream of an AVIF counts, which states a size of its own', async () => {
  const create = { width: 2_000, height: 1_000, channels: 3, background: '#246' } as const
  const avif = await sharp({ create }).avif({ effort: 0 }).toBuffer()
  const small = write(avif, avif.indexOf('ispe') + 8, [8, 8])
  const limits = { ...REFERENCE_LIMITS, pixels: 1_000_000 }
  await expect(inspectImage(small, limits)).rejects.toThrow('has more than 1 megapixels')
  expect(await inspectImage(small, REFERENCE_LIMITS)).toMatchObject({ width: 8, decodedBytes: expect.any(Number) })
  expect((await inspectImage(small, REFERENCE_LIMITS)).decodedBytes).toBeGreaterThan(2_000_000)
})

test('the data of a grid of images count, which state a size of their own', async () => {
  const avif = await create().removeAlpha().avif().toBuffer()
  avif.write('grid', avif.indexOf('infe') + 12, 'latin1')
  const data = avif.indexOf('mdat') + 4
  avif.writeUInt32BE(0x00_01_00_00, data)
  expect(await getRejection(write(avif, data + 4, [60_000, 60_000]))).toBe('has more than 50 megapixels')
  expect(await getRejection(write(avif, data + 4, [WIDTH, HEIGHT]))).toBe(DAMAGED)
})

test('ends within the limits for any bytes', async () => {
  const files = await Promise.all([
    create().png().toBuffer(),
    create().jpeg({ progressive: true }).toBuffer(),
    create().webp().toBuffer(),
    create().avif().toBuffer(),
    create().gif().toBuffer(),
  ])
  let seed = 1
  const next = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  for (let round = 0; round < 2_000; round += 1) {
    const file = Buffer.from(files[round % files.length] ?? [])
    for (let left = 1 + next(6); left > 0; left -= 1)
      file[next(Math.min(file.length, left % 2 ? 300 : 1e9))] = next(256)
    const cut = file.subarray(0, next(4) === 0 ? next(file.length) : file.length)
    const inspected = await inspectImage(cut, REFERENCE_LIMITS).catch(error => error)
    if (inspected instanceof MediaError) continue
    expect(inspected).toMatchObject({ width: expect.any(Number) })
    expect(((await selectDecodable(cut, inspected)) as Uint8Array).length).toBeLessThanOrEqual(cut.length + 1_000)
  }
})

async function select(bytes: Uint8Array): Promise<Buffer> {
  const decodable = await selectDecodable(bytes, await inspectImage(bytes, REFERENCE_LIMITS))
  if (!(decodable instanceof Uint8Array)) throw new Error('not in memory')
  return Buffer.from(decodable)
}

/** Returns the message with which an image is rejected, undefined when it is accepted. */
async function getRejection(bytes: Uint8Array): Promise<string | undefined> {
  return await readImage(bytes, REFERENCE_LIMITS).then(
    () => undefined,
    error => {
      expect(error).toBeInstanceOf(MediaError)
      return error.message
    },
  )
}

async function readPixels(bytes: Uint8Array): Promise<Buffer> {
  return await sharp(bytes, { pages: 1 }).autoOrient().raw().toBuffer()
}

function insert(jpeg: Buffer, segments: readonly Buffer[]): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)])
}

/** Overwrites the header of a progressive JPEG's frame. */
function writeFrame(
  jpeg: Buffer,
  changes: { marker?: number; depth?: number; width?: number; height?: number },
): Buffer {
  const [changed, at] = [Buffer.from(jpeg), jpeg.indexOf(Buffer.of(0xff, 0xc2))]
  changed[at + 1] = changes.marker ?? 0xc2
  changed[at + 4] = changes.depth ?? 8
  if (changes.height !== undefined) changed.writeUInt16BE(changes.height, at + 5)
  if (changes.width !== undefined) changed.writeUInt16BE(changes.width, at + 7)
  return changed
}

function repeatScan(jpeg: Buffer, count: number): Buffer {
  const scan = jpeg.subarray(jpeg.lastIndexOf(Buffer.of(0xff, 0xda)), -2)
  return Buffer.concat([jpeg.subarray(0, -2), ...Array.from({ length: count }, () => scan), jpeg.subarray(-2)])
}

function write(bytes: Buffer, at: number, values: readonly number[]): Buffer {
  const changed = Buffer.from(bytes)
  for (const [index, value] of values.entries()) changed.writeUInt32BE(value, at + 4 * index)
  return changed
}
