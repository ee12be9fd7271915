import { expect, test } from 'bun:test'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { createTestDirectory } from '../../../testing/test-resources.ts'
import { buildExtendedHeader, buildSegment, buildWebp, splitWebp } from './build-file.fixture.ts'
import { buildGif } from './build-gif.fixture.ts'
import { buildChunk, buildPng, buildProfileChunk } from './build-png.fixture.ts'
import type { ReadMeasurement } from './read-images.fixture.ts'

const SIZE = { width: 8, height: 8 }
const READER = join(import.meta.dir, 'read-images.fixture.ts')
const image = sharp({ create: { ...SIZE, channels: 3, background: '#246' } })
const zeros = (bytes: number) => deflateSync(Buffer.alloc(bytes), { level: 1 })

/** Small files that decoders spend very much memory or time on, each with the message of its rejection; undefined where it is accepted. */
const HOSTILE: Record<string, [build: () => Promise<Buffer> | Buffer, message: string | undefined]> = {
  'packed-texts.png': [
    () =>
      buildPng({
        ...SIZE,
        chunks: repeat(20, buildChunk('zTXt', Buffer.concat([Buffer.from('a\0\0'), zeros(32_000_000)]))),
      }),
    'has far more text than any program writes',
  ],
  'packed-international-texts.png': [
    () =>
      buildPng({
        ...SIZE,
        chunks: repeat(20, buildChunk('iTXt', Buffer.concat([Buffer.from('a\0\x01\0\0\0'), zeros(32_000_000)]))),
      }),
    'has far more text than any program writes',
  ],
  'one-row.png': [
    () => buildPng({ width: 50_000_000, height: 1, depth: 1, colour: 0 }),
    'is more than 100,000 pixels wide or high',
  ],
  'one-column.png': [
    () => buildPng({ width: 1, height: 50_000_000, depth: 1, colour: 0, rows: Buffer.alloc(9) }),
    'is more than 100,000 pixels wide or high',
  ],
  'interlaced-deep.png': [
    () =>
      buildPng({
        width: 7_000,
        height: 7_000,
        depth: 16,
        colour: 6,
        isInterlaced: true,
        imageData: zeros(400_000_000),
      }),
    'needs more than 640 MB of memory to be decoded: save it as a JPEG, or smaller',
  ],
  'packed-profile.png': [
    () => buildPng({ ...SIZE, chunks: [buildProfileChunk(Buffer.alloc(50_000_000))] }),
    'has a colour profile of more than 8 MB',
  ],
  'packed-pixels.png': [
    () => buildPng({ ...SIZE, imageData: zeros(200_000_000) }),
    'has far more data than its size in pixels needs',
  ],
  'many-chunks.png': [
    () => buildPng({ ...SIZE, chunks: [Buffer.concat(repeat(1_000_000, buildChunk('teXt')))] }),
    'is made of more than 40,000 parts',
  ],
  'tiny-data.png': [
    () =>
      buildPng({ width: 7_000, height: 7_000, depth: 16, colour: 6, isInterlaced: true, rows: Buffer.alloc(100_000) }),
    'is damaged or cut short',
  ],
  'tiny-data.jpg': [async () => overwriteFrame(await image.jpeg().toBuffer(), 7_000), 'is damaged or cut short'],
  'many-scans.jpg': [
    async () => repeatScan(await image.jpeg({ progressive: true }).toBuffer(), 100_000),
    'is a JPEG of more than 100 scans',
  ],
  'many-comments.jpg': [
    async () => insert(await image.jpeg().toBuffer(), Buffer.concat(repeat(1_000_000, buildSegment(0xfe, '')))),
    'is made of more than 40,000 parts',
  ],
  'many-frames.gif': [
    () => buildGif(8, 8, repeat(100_000, { left: 0, top: 0, width: 1, height: 1, index: 1 })),
    'has more than 10,000 frames',
  ],
  'tiny-blocks.gif': [
    () => buildGif(8, 8, [{ left: 0, top: 0, ...SIZE, index: 1 }], 'x'.repeat(5_000_000), 1),
    undefined,
  ],
  'giant-canvas.webp': [
    async () => buildWebp([buildExtendedHeader(2 ** 24, 2 ** 24), ...splitWebp(await image.webp().toBuffer())]),
    'has more than 50 megapixels',
  ],
  'giant.avif': [async () => overwriteSize(await image.avif().toBuffer()), 'has more than 50 megapixels'],
}

/** Of six readings at once, in a process with nothing else to do. A decoder without the check needs hundreds of megabytes, or seconds. */
const [MAX_MEGABYTES, MAX_CPU_MS] = [100, 6_000]

test('hostile files are rejected, or accepted, at little cost, six at once', async () => {
  await using directory = await createTestDirectory()
  const [folder, warmUp] = [join(directory.path, 'hostile'), join(directory.path, 'harmless')]
  await Promise.all([mkdir(folder), mkdir(warmUp)])
  for (const [name, [build]] of Object.entries(HOSTILE)) await Bun.write(join(folder, name), await build())
  for (const format of ['png', 'jpeg', 'webp', 'avif', 'gif'] as const)
    await Bun.write(join(warmUp, format), await image.clone().resize(64).toFormat(format).toBuffer())
  const child = Bun.spawn([process.execPath, READER, folder, warmUp], { stdout: 'pipe', stderr: 'inherit' })
  const lines = (await child.stdout.text()).trim().split('\n')
  expect(await child.exited).toBe(0)
  const measured: ReadMeasurement[] = lines.map(line => JSON.parse(line))
  expect(Object.fromEntries(measured.map(({ file, message }) => [file, message]))).toEqual(
    Object.fromEntries(Object.entries(HOSTILE).map(([file, [, message]]) => [file, message])),
  )
  expect(measured.filter(({ megabytes, cpuMs }) => megabytes > MAX_MEGABYTES || cpuMs > MAX_CPU_MS)).toEqual([])
})

function repeat<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value)
}

function insert(jpeg: Buffer, segments: Buffer): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), segments, jpeg.subarray(2)])
}

function repeatScan(jpeg: Buffer, count: number): Buffer {
  const scan = jpeg.subarray(jpeg.lastIndexOf(Buffer.of(0xff, 0xda)), -2)
  return Buffer.concat([jpeg.subarray(0, -2), ...repeat(count, scan), jpeg.subarray(-2)])
}

function overwriteFrame(jpeg: Buffer, edge: number): Buffer {
  const at = jpeg.indexOf(Buffer.of(0xff, 0xc0))
  jpeg.writeUInt16BE(edge, at + 5)
  jpeg.writeUInt16BE(edge, at + 7)
  return jpeg
}

function overwriteSize(avif: Buffer): Buffer {
  const at = avif.indexOf('ispe') + 8
  avif.writeUInt32BE(60_000, at)
  avif.writeUInt32BE(60_000, at + 4)
  return avif
}
