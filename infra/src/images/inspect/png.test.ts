import { expect, test } from 'bun:test'
import { deflateSync, inflateSync } from 'node:zlib'
import sharp from 'sharp'
import { measureCpu, measureCpuUntil } from '../../../testing/measure-cpu.ts'
import { REFERENCE_LIMITS } from '../check-image.ts'
import { createGreyProfile } from '../colour/icc-profile.ts'
import { readImage } from '../image.ts'
import { MediaError } from '../media-error.ts'
import { buildChunk, buildPng, buildProfileChunk } from './build-png.fixture.ts'
import { inspectImage } from './inspect-image.ts'
import { selectDecodable } from './select-decodable.ts'

const SIZE = { width: 8, height: 8 }
const TEXTS = 20

test.each(['zTXt', 'iTXt'])('texts that inflate to more than any text are rejected, at little cost: %s', async type => {
  const head = type === 'zTXt' ? 'a\0\0' : 'a\0\x01\0\0\0'
  const deflated = deflateSync(Buffer.alloc(32_000_000))
  const packed = Buffer.concat([Buffer.from(head, 'latin1'), deflated])
  const create = (count: number) =>
    buildPng({ ...SIZE, chunks: Array.from({ length: count }, () => buildChunk(type, packed)) })
  const once = measureCpu(() => inflateSync(deflated))
  const cost = await measureCpuUntil(async () =>
    expect(await getRejection(create(TEXTS))).toBe('has far more text than any program writes'),
  )
  // A program that inflates them all.
  expect(cost).toBeLessThan((TEXTS * once) / 2)
  expect(await readImage(create(1), REFERENCE_LIMITS)).toMatchObject(SIZE)
})

test('texts are accepted, and no decoder sees them', async () => {
  const workflow = Buffer.from(JSON.stringify(Array.from({ length: 100_000 }, (_, index) => ({ node: index }))))
  const head = Buffer.from('prompt\0\0', 'latin1')
  const png = buildPng({ ...SIZE, chunks: [buildChunk('zTXt', Buffer.concat([head, deflateSync(workflow)]))] })
  expect(Buffer.from(await select(png)).equals(buildPng(SIZE))).toBe(true)
})

test.each([
  [50_000_000, 1],
  [1, 50_000_000],
  [5, 10_000_000],
])('an edge that no image has is rejected: %i × %i', async (width, height) => {
  expect(await getRejection(buildPng({ width, height, depth: 1, colour: 0, rows: Buffer.alloc(1) }))).toBe(
    'is more than 100,000 pixels wide or high',
  )
})

test('a long page as one image is accepted', async () => {
  expect(await readImage(buildPng({ width: 800, height: 60_000, colour: 0 }), REFERENCE_LIMITS)).toMatchObject({
    width: 800,
    height: 60_000,
  })
})

test.each([false, true])(
  'pixels that inflate to far more than the header states are rejected, interlaced: %p',
  async isInterlaced => {
    const imageData = deflateSync(Buffer.alloc(300_000_000), { level: 1 })
    expect(await getRejection(buildPng({ ...SIZE, imageData, isInterlaced }))).toBe(
      'has far more data than its size in pixels needs',
    )
  },
)

test('a colour profile that inflates to very much is rejected', async () => {
  const chunks = [buildProfileChunk(Buffer.alloc(100_000_000))]
  expect(await getRejection(buildPng({ ...SIZE, chunks }))).toBe('has a colour profile of more than 8 MB')
})

test('a million chunks are rejected', async () => {
  const chunk = buildChunk('teSt')
  const chunks = [Buffer.concat(Array.from({ length: 1_000_000 }, () => chunk))]
  expect(await getRejection(buildPng({ ...SIZE, chunks }))).toBe('is made of more than 40,000 parts')
})

test('a decoder gets the profile, the transparency and the orientation, and nothing else', async () => {
  const profile = buildProfileChunk(createGreyProfile({ gamma: 1 }))
  const shown = [profile, buildChunk('tRNS', Buffer.alloc(2))]
  const exif = Buffer.from('MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0', 'latin1')
  const hidden = [
    'tEXt',
    'iTXt',
    'tIME',
    'sPLT',
    'hIST',
    'acTL',
    'fcTL',
    'fdAT',
    'prVt',
    'sRGB',
    'gAMA',
    'iCCP',
    'PLTE',
  ].map(type => buildChunk(type, 'a\0secret'.repeat(200)))
  const oriented = [...shown, buildChunk('eXIf', exif)]
  const png = buildPng({ ...SIZE, colour: 0, chunks: [...oriented, ...hidden] })
  const decodable = await select(Buffer.concat([png, Buffer.from('appended')]))
  expect(Buffer.from(decodable).equals(buildPng({ ...SIZE, colour: 0, chunks: oriented }))).toBe(true)
  const expected = await sharp(buildPng({ ...SIZE, colour: 0, chunks: oriented }))
    .autoOrient()
    .raw()
    .toBuffer()
  expect((await sharp(decodable).autoOrient().raw().toBuffer()).equals(expected)).toBe(true)
})

test('a file without anything else is given to a decoder as it is', async () => {
  const png = buildPng(SIZE)
  expect(await select(png)).toBe(png)
})

async function select(png: Uint8Array): Promise<Uint8Array> {
  const decodable = await selectDecodable(png, await inspectImage(png, REFERENCE_LIMITS))
  if (!(decodable instanceof Uint8Array)) throw new Error('not in memory')
  return decodable
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
