import { expect, test } from 'bun:test'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { thumbHashToAverageRGBA } from 'thumbhash'
import { REFERENCE_LIMITS } from '../check-image.ts'
import { readImage } from '../image.ts'
import { buildChunk, buildPng, buildProfileChunk, type PngOptions } from '../inspect/build-png.fixture.ts'
import { stripMetadata } from '../strip-metadata.ts'
import type { Vector } from './chromaticities.ts'
import { convertGrey, convertLab, convertToSrgb, RGB_SPACES } from './colour-spaces.fixture.ts'
import { createGreyProfile, createRgbProfile, type Transfer } from './icc-profile.ts'
import { buildCmykProfile, insertJpegProfile } from './profile.fixture.ts'

const SIDE = 32
const GREEN: Vector = [0.3, 0.6, 0.4]
const COLOURS: Vector[] = [GREEN, [0.75, 0.5, 0.45], [0.2, 0.3, 0.6]]
/** Largest difference of a sample, of 255: rounding, and lossy encoding. */
const TOLERANCE = 3

const SPACES = Object.entries(RGB_SPACES)
const GREY_CURVES: [string, Transfer][] = [
  ['the curve of sRGB', 'srgb'],
  ['a gamma of 1.8', { gamma: 1.8 }],
  ['a gamma of 2.2', { gamma: 2.2 }],
  ['a gamma of 1', { gamma: 1 }],
]

for (const depth of [8, 16]) {
  for (const hasAlpha of [false, true]) {
    test.each(SPACES)(
      `a PNG of ${depth} bits, alpha: ${hasAlpha}, with a profile of %s has its colours`,
      async (_, space) => {
        const chunks = [buildProfileChunk(createRgbProfile(space.chromaticities, space.transfer))]
        for (const colour of COLOURS)
          await expectColour(buildColour(colour, { depth, hasAlpha, chunks }), convertToSrgb(colour, space))
      },
    )

    test.each(GREY_CURVES)(
      `a grey PNG of ${depth} bits, alpha: ${hasAlpha}, with %s has its tones`,
      async (_, transfer) => {
        const chunks = [buildProfileChunk(createGreyProfile(transfer))]
        const tone = convertGrey(0.4, transfer)
        await expectColour(buildColour([0.4], { depth, hasAlpha, chunks }), [tone, tone, tone])
      },
    )

    test(`a PNG of ${depth} bits, alpha: ${hasAlpha}, with no profile, a damaged one or one of another kind is shown as sRGB`, async () => {
      const profile = createRgbProfile(RGB_SPACES.p3.chromaticities, 'srgb')
      const colour = GREEN
      const others = [
        Buffer.from(profile).fill(0, 0, 128),
        Buffer.from(profile).fill(0, 132, 240),
        profile.subarray(0, 200),
      ]
      const expected = convertToSrgb(colour, RGB_SPACES.srgb)
      for (const icc of [undefined, ...others, createGreyProfile({ gamma: 1 }), buildCmykProfile([60, 30, -40])]) {
        const chunks = icc ? [buildProfileChunk(icc)] : []
        await expectColour(buildColour(colour, { depth, hasAlpha, chunks }), expected)
      }
    })
  }

  test(`a PNG of ${depth} bits that states gamma and primaries has its colours`, async () => {
    const { chromaticities, transfer } = RGB_SPACES.adobe
    const { white, red, green, blue } = chromaticities
    const primaries = buildChunk(
      'cHRM',
      uints([white, red, green, blue].flat().map(value => Math.round(value * 100_000))),
    )
    for (const colour of COLOURS) {
      const adobe = buildColour(colour, { depth, chunks: [buildGamma(transfer.gamma), primaries] })
      await expectColour(adobe, convertToSrgb(colour, RGB_SPACES.adobe))
      const linear = buildColour(colour, { depth, chunks: [buildGamma(1)] })
      await expectColour(linear, convertToSrgb(colour, RGB_SPACES.linear))
      const labelled = buildColour(colour, { depth, chunks: [buildChunk('sRGB', '\0'), buildGamma(1), primaries] })
      await expectColour(labelled, convertToSrgb(colour, RGB_SPACES.srgb))
      const usual = buildColour(colour, { depth, chunks: [buildGamma(2.2)] })
      await expectColour(usual, convertToSrgb(colour, RGB_SPACES.srgb))
    }
    const tone = convertGrey(0.4, { gamma: 1 })
    await expectColour(buildColour([0.4], { depth, chunks: [buildGamma(1)] }), [tone, tone, tone])
  })

  test(`a PNG of ${depth} bits that states code points has its colours`, async () => {
    for (const [primaries, space] of [
      [12, RGB_SPACES.p3],
      [9, RGB_SPACES.rec2020],
      [1, RGB_SPACES.srgb],
    ] as const) {
      const colour = COLOURS[1] ?? GREEN
      const chunks = [buildChunk('cICP', Buffer.of(primaries, 13, 0, 1)), buildGamma(1)]
      await expectColour(buildColour(colour, { depth, chunks }), convertToSrgb(colour, space))
    }
  })
}

test('a PNG with a palette has the colours of its profile', async () => {
  const colour = GREEN
  const palette = buildChunk('PLTE', Buffer.from(colour.map(value => Math.round(value * 255))))
  const { chromaticities, transfer, ...space } = RGB_SPACES.adobe
  const chunks = [buildProfileChunk(createRgbProfile(chromaticities, transfer)), palette]
  const png = buildPng({ width: SIDE, height: SIDE, colour: 3, chunks })
  await expectColour(png, convertToSrgb(colour, { chromaticities, transfer, ...space }))
})

for (const [format, encode] of [
  ['jpeg', (image: Sharp) => image.jpeg({ quality: 100, chromaSubsampling: '4:4:4' })],
  ['progressive', (image: Sharp) => image.jpeg({ quality: 100, progressive: true })],
  ['webp', (image: Sharp) => image.webp({ lossless: true })],
  ['avif of 8', (image: Sharp) => image.avif({ quality: 100, chromaSubsampling: '4:4:4' })],
  ['avif of 10', (image: Sharp) => image.avif({ quality: 100, chromaSubsampling: '4:4:4', bitdepth: 10 })],
  ['avif of 12', (image: Sharp) => image.avif({ quality: 100, chromaSubsampling: '4:4:4', bitdepth: 12 })],
] as const) {
  test(`a ${format} bits with a profile of Display P3, and without one, has its colours`, async () => {
    for (const alpha of format.includes('jpeg') || format === 'progressive' ? [1] : [1, 0.5]) {
      const background = { r: 30, g: 180, b: 40, alpha }
      const plain = sharp({ create: { width: SIDE, height: SIDE, channels: 4, background } })
      await expectColour(await encode(plain.clone()).toBuffer(), [30, 180, 40])
      const wide = await encode(plain.clone().withIccProfile('p3')).toBuffer()
      expect((await sharp(wide).metadata()).icc).toBeDefined()
      await expectColour(wide, [30, 180, 40])
    }
  })
}

test('an AVIF that states code points has its colours, and its profile counts before them', async () => {
  const background = { r: 77, g: 153, b: 102 }
  const plain = sharp({ create: { width: SIDE, height: SIDE, channels: 3, background } })
  for (const bitdepth of [8, 10] as const) {
    const avif = await plain
      .clone()
      .withIccProfile('p3')
      .avif({ quality: 100, chromaSubsampling: '4:4:4', bitdepth })
      .toBuffer()
    const at = avif.indexOf('colrrICC') + 4
    // The samples are those of Display P3. In the box of their profile there are code points instead, with unused bytes after them.
    const stated = (primaries: number, transfer: number) => {
      const changed = Buffer.from(avif)
      changed.write('nclx', at, 'latin1')
      for (const [index, value] of [primaries, transfer, 6].entries()) changed.writeUInt16BE(value, at + 4 + 2 * index)
      changed.writeUInt8(0x80, at + 10)
      return changed
    }
    await expectColour(stated(12, 13), [77, 153, 102])
    const [r, g, b] = await sharp(stated(1, 13)).removeAlpha().pipelineColourspace('srgb').raw().toBuffer()
    const samples: Vector = [(r ?? 0) / 255, (g ?? 0) / 255, (b ?? 0) / 255]
    await expectColour(stated(1, 13), convertToSrgb(samples, RGB_SPACES.srgb))
    await expectColour(stated(2, 2), convertToSrgb(samples, RGB_SPACES.srgb))
    await expectColour(stated(1, 8), convertToSrgb(samples, RGB_SPACES.linear))
    await expectColour(stated(9, 13), convertToSrgb(samples, RGB_SPACES.rec2020))
  }
})

test('a JPEG of four inks has the colours of its profile; one of grey that of its curve', async () => {
  const image = sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#888' } })
  const inks = await image.clone().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer()
  const [cyan, magenta, yellow, black] = await sharp(inks)
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw()
    .toBuffer()
  expect([cyan, magenta, yellow]).toEqual([0, 0, 0])
  const share = (black ?? 0) / 255
  const [lightness, a, b] = [40, 60, -50]
  await expectColour(
    insertJpegProfile(inks, buildCmykProfile([lightness, a, b])),
    convertLab([100 + share * (lightness - 100), share * a, share * b]),
  )
  const grey = await image.clone().toColourspace('b-w').jpeg({ quality: 100 }).toBuffer()
  const tone = (await sharp(grey).raw().toBuffer())[0] ?? 0
  const expected = convertGrey(tone / 255, { gamma: 1 })
  await expectColour(insertJpegProfile(grey, createGreyProfile({ gamma: 1 })), [expected, expected, expected])
  // A profile of another kind than the pixels is not used.
  await expectColour(insertJpegProfile(grey, createRgbProfile(RGB_SPACES.p3.chromaticities, 'srgb')), [
    tone,
    tone,
    tone,
  ])
})

for (const [name, expected] of [
  ['wide-srgb-16-png.png', [30, 180, 40]],
  ['wide-a98-16-png.png', [30, 180, 40]],
  ['avif-major-mif1.avif', [30, 180, 40]],
] as const) {
  test(`the upper right quarter of ${name} is green`, async () => {
    const bytes = await Bun.file(join(import.meta.dir, '../recorded', name)).bytes()
    await expectColour(bytes, expected, { left: 66, top: 10 })
  })
}

/** Expects a colour in the previews, in the placeholder of an image of one colour, and in the copy for a provider. */
async function expectColour(
  bytes: Uint8Array,
  expected: readonly number[],
  at?: { left: number; top: number },
): Promise<void> {
  const { previews, placeholder } = await readImage(bytes, REFERENCE_LIMITS)
  const copy = await stripMetadata(bytes)
  const { icc, depth, hasAlpha } = await sharp(copy.bytes).metadata()
  expect({ icc, depth, hasAlpha }).toEqual({
    icc: undefined,
    depth: 'uchar',
    hasAlpha: (await sharp(bytes).metadata()).hasAlpha,
  })
  for (const made of [...previews.map(preview => preview.bytes), copy.bytes]) {
    expect((await sharp(made).metadata()).icc).toBeUndefined()
    const { left, top } = at ?? { left: SIDE / 2, top: SIDE / 2 }
    // Alpha is removed, not blended: the colour of a translucent pixel is compared.
    const pixel = await sharp(made)
      .extract({ left, top, width: 1, height: 1 })
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer()
    expectNear([...pixel], expected, TOLERANCE)
  }
  if (at) return
  const { r, g, b } = thumbHashToAverageRGBA(Buffer.from(placeholder, 'base64'))
  // A thumbhash has 6 bits for an average.
  expectNear(
    [r, g, b].map(value => value * 255),
    expected,
    16,
  )
}

function expectNear(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  const difference = Math.max(...expected.map((value, index) => Math.abs(value - (actual[index] ?? 999))))
  if (difference > tolerance) expect(actual).toEqual([...expected])
}

/** Builds a PNG of one colour, or of one grey. */
function buildColour(
  values: readonly number[],
  { depth = 8, hasAlpha = false, chunks = [] }: { depth?: number; hasAlpha?: boolean; chunks?: Buffer[] },
): Buffer {
  const max = 2 ** depth - 1
  const samples = [...values.map(value => Math.round(value * max)), ...(hasAlpha ? [max] : [])]
  const pixel = Buffer.from(samples.flatMap(value => (depth === 16 ? [value >> 8, value & 255] : [value])))
  const row = Buffer.concat([Buffer.alloc(1), ...Array.from({ length: SIDE }, () => pixel)])
  const colour = (values.length === 1 ? 0 : 2) + (hasAlpha ? 4 : 0)
  const options: PngOptions = { width: SIDE, height: SIDE, depth, colour, chunks }
  return buildPng({ ...options, rows: Buffer.concat(Array.from({ length: SIDE }, () => row)) })
}

function buildGamma(gamma: number): Buffer {
  return buildChunk('gAMA', uints([Math.round(100_000 / gamma)]))
}

function uints(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index)
  return bytes
}
